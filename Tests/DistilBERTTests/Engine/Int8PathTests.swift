import TestSupport
import Testing

@testable import DistilBERT

@Suite("int8 gives the same bits on every dispatch path")
struct Int8PathTests {
  private static let sequences: [[Int32]] = {
    var random = SeededRandom(seed: 11)
    return [1, 2, 7, 16, 17, 48, 130].map { length in
      (0..<length).map { _ in Int32.random(in: 1000..<30_000, using: &random) }
    }
  }()

  @Test(
    "bundled model",
    arguments: KernelPath.allCases.filter { $0.isSupported && $0 != .portable })
  func bundled(path: KernelPath) throws {
    let portable = try Model(directory: SharedDirectory.bundledModel, precision: .int8, kernelPath: .portable)
    let model = try Model(directory: SharedDirectory.bundledModel, precision: .int8, kernelPath: path)
    #expect(try Lane(model: model).logits(Self.sequences) == Lane(model: portable).logits(Self.sequences))
  }

  @Test("small models in odd shapes", arguments: SyntheticModel.golden.indices)
  func small(index: Int) throws {
    let shape = SyntheticModel.golden[index].model
    let ids = Self.sequences.map { $0.prefix(shape.positions).map { $0 % Int32(shape.vocabularySize) } }
    let directory = try shape.write()
    let expected = try Lane(model: Model(directory: directory.url, precision: .int8, kernelPath: .portable)).logits(ids)
    #expect(expected.allSatisfy { $0.allSatisfy(\.isFinite) })
    for path in KernelPath.allCases where path.isSupported {
      let lane = try Lane(model: Model(directory: directory.url, precision: .int8, kernelPath: path))
      #expect(try lane.logits(ids) == expected, "\(path)")
    }
  }
}
