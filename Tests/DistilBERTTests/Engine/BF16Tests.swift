import Testing

@testable import DistilBERT

@Suite("bf16: where the CPU has it near f32, elsewhere f32 and told")
struct BF16Tests {
  @Test("kernels without it compute f32, and a remark says so")
  func fallback() throws {
    let shape = SyntheticModel.golden[0].model
    for path in KernelPath.allCases where path.isSupported {
      let model = try shape.load(precision: .bf16, on: path)
      let plain = try shape.load(on: path)
      #expect(model.precision == .bf16)
      if path == .avx512BF16 {
        #expect(model.effectivePrecision == .bf16 && model.remarks.isEmpty)
      } else {
        #expect(model.effectivePrecision == .f32)
        #expect(model.remarks.count == 1 && model.remarks[0].contains("precision bf16 is computed in f32"))
        #expect(try Lane(model: model).logits(shape.sequences) == Lane(model: plain).logits(shape.sequences))
      }
    }
  }

  @Test(
    "small models of odd shapes give nearly PyTorch's logits, whatever the checkpoint's type",
    .enabled(if: BF16Support.isHere, "this CPU has no AVX-512 BF16"), arguments: SyntheticModel.golden.indices)
  func golden(index: Int) throws {
    let (shape, expected) = SyntheticModel.golden[index]
    let logits = try Lane(model: shape.load(precision: .bf16)).logits(shape.sequences)
    let difference = zip(logits.joined(), expected.joined()).map { abs(Double($0) - $1) }.max() ?? .infinity
    print("bf16, \(shape): largest logit difference \(difference)")
    // The deepest of them multiplies roundings: PyTorch's own bf16 (autocast) is 0.75 off there.
    #expect(difference < 0.6)
    for type in ["F16", "BF16"] {
      #expect(try Lane(model: shape.load(type: type, precision: .bf16)).logits(shape.sequences) == logits)
    }
  }

  @Test(
    "a finite weight that is infinite as bf16 is refused, in every tensor that is rounded",
    .enabled(if: BF16Support.isHere, "this CPU has no AVX-512 BF16"))
  func overflow() throws {
    let shape = SyntheticModel(layers: 2)
    let names = try shape.tensors().filter { $0.shape.count == 2 }.map(\.name)
    // Positions and the head stay f32; a query's weights are divided by √head_dim before they are rounded.
    for name in names where !["position", "classifier", "q_lin"].contains(where: name.contains) {
      let directory = try shape.write()
      var tensors = try shape.tensors()
      let index = try #require(tensors.firstIndex { $0.name == name })
      var values = [Float](repeating: 0, count: tensors[index].shape.reduce(1, *))
      values[values.count - 1] = .greatestFiniteMagnitude
      tensors[index] = .init(name: name, type: "F32", shape: tensors[index].shape, values: values)
      try directory.write(ModelDirectory.safetensors(tensors), to: "model.safetensors")
      let error = #expect(throws: ModelError.self) { try Model(directory: directory.url, precision: .bf16) }
      #expect(error?.kind == .notFinite && error?.subject == name)
    }
  }
}
