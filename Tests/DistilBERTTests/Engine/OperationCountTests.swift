import Testing

@testable import DistilBERT

@Suite("Operations are counted by hand and by the formula alike")
struct OperationCountTests {
  @Test("one layer, two heads, three tokens")
  func oneLayer() throws {
    // d = 8, h = 16: 4·64 + 2·128 = 512 multiplications of a token in the linear layers; the classifier has 64 + 16.
    let configuration = try ModelConfiguration(text: SyntheticModel().configuration)
    let count = configuration.operations(ofSequence: 3)
    #expect(count.wholeModel == 2 * (3 * 512 + 2 * 3 * 3 * 8 + 80))
    #expect(count.computed == 2 * (512 + 2 * 2 * 3 * 8 + 80))
  }

  @Test("DistilBERT-base takes 26 Gop for 288 tokens, a sixth less as computed")
  func base() throws {
    var shape = SyntheticModel()
    shape.dimension = 768
    shape.heads = 12
    shape.layers = 6
    shape.hiddenDimension = 3072
    shape.positions = 512
    let count = try ModelConfiguration(text: shape.configuration).operations(ofSequence: 288)
    #expect(abs(count.wholeModel / 1e9 - 26) < 0.5)
    #expect(abs(count.computed / count.wholeModel - 5 / 6) < 0.01)
  }

  @Test("this machine's peak is found at every precision that it multiplies with instructions for", arguments: Precision.allCases)
  func peak(precision: Precision) throws {
    let model = try SyntheticModel().load(precision: precision)
    let operations = InstructionPeak(of: model).run()
    #expect(operations > 0 || model.kernelPath == .portable)
  }
}
