import Testing

@testable import DistilBERT

@Suite("Small models of odd shapes give PyTorch's logits")
struct GoldenLogitsTests {
  @Test(arguments: SyntheticModel.golden.indices)
  func logits(index: Int) throws {
    let (shape, expected) = SyntheticModel.golden[index]
    let logits = try Lane(model: shape.load()).logits(shape.sequences)
    let difference = zip(logits.joined(), expected.joined()).map { abs(Double($0) - $1) }.max() ?? .infinity
    #expect(logits.count == expected.count && logits[0].count == shape.labels)
    #expect(difference < 1e-4, "largest difference \(difference)")
  }

  @Test("F16 and BF16 checkpoints of the same weights give the same bits as F32", arguments: ["F16", "BF16", "mixed"])
  func elementTypes(type: String) throws {
    let shape = SyntheticModel.golden[0].model
    let reference = try Lane(model: shape.load()).logits(shape.sequences)
    let directory = try shape.write(type: type == "mixed" ? "F32" : type)
    if type == "mixed" {
      let byType = try ["F32", "F16", "BF16"].map { try shape.tensors($0) }
      let tensors = byType[0].indices.map { byType[$0 % 3][$0] }
      try directory.write(ModelDirectory.safetensors(tensors), to: "model.safetensors")
    }
    #expect(try Lane(model: Model(directory: directory.url)).logits(shape.sequences) == reference)
  }

  @Test("An extra tensor is ignored and told; the name and fingerprint identify the model")
  func extras() throws {
    let shape = SyntheticModel()
    let plain = try shape.write()
    let more = try shape.write()
    let ids = ModelDirectory.Tensor(
      name: "distilbert.embeddings.position_ids", type: "I64", shape: [1, 2], bytes: .init(count: 16))
    try more.write(ModelDirectory.safetensors([ids] + shape.tensors()), to: "model.safetensors")
    let first = try Model(directory: plain.url)
    let second = try Model(directory: more.url)
    #expect(first.unusedTensors.isEmpty)
    #expect(second.unusedTensors == ["distilbert.embeddings.position_ids"])
    #expect(first.fingerprint != second.fingerprint && first.fingerprint.count == 16)
    #expect(try Model(directory: plain.url).fingerprint == first.fingerprint)
    #expect(first.name == plain.url.lastPathComponent)
    #expect(first.parameterCount * 4 <= first.weightBytes)
    #expect(first.labels == ["class 0", "class 1"])
  }
}
