import TestSupport
import Testing

@testable import DistilBERT

/// int8 on every path; f32 on every one that has products of its own, which is all but the portable one on x86-64.
@Suite("The same bits on every dispatch path")
struct PathBitsTests {
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

  /// What the bits were when they were last meant to change; the same on every CPU.
  private static let digests: [Precision: UInt64] = [.int8: 0x6678_ae9f_c220_2744, .f32: 0x87a8_780b_b7ab_2f98]

  @Test(
    "bundled model: the bits are the known ones", arguments: KernelPath.allCases.filter(\.isSupported), [Precision.f32, .int8])
  func known(path: KernelPath, precision: Precision) throws {
    if precision == .f32, !PanelProductTests.paths.contains(path) { return }
    let model = try Model(directory: SharedDirectory.bundledModel, precision: precision, kernelPath: path)
    let logits = try Lane(model: model).logits(Self.sequences).joined()
    // FNV-1a over the bit patterns.
    let found = logits.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1.bitPattern)) &* 0x100_0000_01b3 }
    #expect(found == Self.digests[precision], "0x\(String(found, radix: 16))")
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
