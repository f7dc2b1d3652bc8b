import Testing

@testable import DistilBERT

@Suite("What a lane cannot compute is a typed error or a told result")
struct LaneInputTests {
  private func lane(_ shape: SyntheticModel = SyntheticModel(), maximumTokens: Int = 64) throws -> Lane {
    try Lane(model: shape.load(), maximumTokens: maximumTokens)
  }

  private func error(_ lane: Lane, _ ids: [Int32], _ lengths: [Int]) -> ModelError? {
    var logits: [Float] = []
    do {
      _ = try lane.forward(ids: ids, lengths: lengths, logits: &logits)
      return nil
    } catch {
      return error
    }
  }

  @Test(
    "lengths and ids",
    arguments: [
      ([1, 2], [0, 2], "length of sequence 0"), ([1, 2], [-1, 3], "length of sequence 0"),
      ([1, 2, 3, 4, 5, 6, 7], [7], "length of sequence 0"), ([1, 2, 3], [2], "ids"), ([1], [1, 1], "ids"),
      ([1], [.max], "length of sequence 0"), ([1, 2, 10], [1, 2], "token 1 of sequence 1"),
      ([-1, 2, 3], [3], "token 0 of sequence 0"), ([1, .max], [1, 1], "token 0 of sequence 1"),
    ] as [([Int32], [Int], String)])
  func invalid(ids: [Int32], lengths: [Int], subject: String) throws {
    let found = error(try lane(), ids, lengths)
    #expect(found?.kind == .invalidInput)
    #expect(found?.subject == subject)
  }

  @Test("no sequences, no logits")
  func empty() throws {
    var logits: [Float] = [1, 2, 3]
    let notFinite = try lane().forward(ids: [], lengths: [], logits: &logits)
    #expect(notFinite.isEmpty && logits.isEmpty)
  }

  @Test("a lane smaller than the model's longest sequence takes what fits")
  func smallLane() throws {
    let lane = try lane(maximumTokens: 4)
    #expect(lane.longestSequence == 4)
    #expect(error(lane, [1, 2, 3, 4], [4]) == nil)
    #expect(error(lane, [1, 2, 3, 4, 5], [5])?.kind == .invalidInput)
    #expect(throws: ModelError.self) { try Lane(model: lane.model, maximumTokens: 0) }
  }

  @Test("logits that overflow are told by sequence, and leave the others alone", arguments: Precision.allCases)
  func notFinite(precision: Precision) throws {
    let shape = SyntheticModel()
    let directory = try shape.write()
    var tensors = try shape.tensors()
    // Finite weights, but the words 8 and 9 overflow in the layer norm's squares.
    let words = tensors[0].shape[1]
    var values = (0..<10 * words).map { Float($0 % 7) / 8 }
    for i in 8 * words..<10 * words { values[i] = i % 2 == 0 ? 3e38 : -3e38 }
    tensors[0] = .init(name: tensors[0].name, type: "F32", shape: tensors[0].shape, values: values)
    try directory.write(ModelDirectory.safetensors(tensors), to: "model.safetensors")
    let lane = try Lane(model: Model(directory: directory.url, precision: precision))
    var logits: [Float] = []
    let healthy = try lane.logits([[1, 2]])[0]
    let bad = try lane.forward(ids: [1, 2, 8, 1, 2, 3, 9], lengths: [2, 1, 2, 2], logits: &logits)
    #expect(bad == [1, 3])
    #expect(Array(logits[0..<2]) == healthy && Array(logits[4..<6]) == healthy)
  }

  @Test("softmax: sums to one, keeps the order, is stable, one label has probability 1")
  func probabilities() {
    #expect(softmax(logits: [3]) == [1])
    #expect(softmax(logits: [] as [Float]) == [])
    #expect(softmax(logits: [1000, 1000]) == [0.5, 0.5])
    #expect(softmax(logits: [-1e30, 0]) == [0, 1])
    let three = softmax(logits: [1, 2, 3])
    #expect(abs(three[2] - 0.665_240_96) < 1e-7 && abs(three.reduce(0, +) - 1) < 1e-6)
    #expect(softmax(logits: [.nan, 1]).allSatisfy { $0.isNaN })
    let many = softmax(logits: (0..<1000).map { Float($0 % 37) })
    #expect(abs(many.reduce(0, +) - 1) < 1e-5)
  }
}
