import Foundation
import TestSupport
import Testing

@testable import DistilBERT

@Suite("A sequence's logits are the same bits in any company")
struct BatchInvarianceTests {
  /// Sequences of random ids, of many lengths.
  private func sequences(_ model: Model, count: Int, longest: Int, seed: UInt64) -> [[Int32]] {
    var random = SeededRandom(seed: seed)
    let short = [1, 2, 3, 11, 12, 13, 47, 48, 49, 63, 64, 65, longest - 1, longest].filter { $0 <= longest }
    return (0..<count).map { index in
      let length = index < short.count ? short[index] : Int.random(in: 1...longest, using: &random)
      return (0..<length).map { _ in Int32.random(in: 0..<Int32(model.configuration.vocabularySize), using: &random) }
    }
  }

  /// Every sequence alone, then in random batches at random places, on lanes of several sizes.
  private func expectInvariance(_ model: Model, count: Int, longest: Int, rounds: Int, seed: UInt64) throws {
    let all = sequences(model, count: count, longest: longest, seed: seed)
    let lanes = try [longest, 600, 4_096].map { try Lane(model: model, maximumTokens: $0) }
    let alone = try all.map { try lanes[0].logits([$0])[0] }
    var random = SeededRandom(seed: seed &+ 1)
    for round in 0..<rounds {
      let chosen = all.indices.shuffled(using: &random).prefix(Int.random(in: 1...all.count, using: &random))
      let together = try lanes[round % lanes.count].logits(chosen.map { all[$0] })
      for (position, index) in chosen.enumerated() where together[position] != alone[index] {
        Issue.record(
          "\(model.kernelDescription): sequence of \(all[index].count) tokens differs at place \(position) of \(chosen.count)")
      }
    }
  }

  @Test("bundled model", arguments: Precision.allCases)
  func bundled(precision: Precision) throws {
    let model = try Model(directory: SharedDirectory.bundledModel, precision: precision)
    try expectInvariance(model, count: 24, longest: 300, rounds: 6, seed: 1)
  }

  @Test("bundled model on OpenBLAS")
  func openBLAS() throws {
    let model = try Model(directory: SharedDirectory.bundledModel, kernelPath: .portable)
    try expectInvariance(model, count: 16, longest: 130, rounds: 4, seed: 2)
  }

  @Test(
    "small models", arguments: SyntheticModel.golden.indices,
    [(Precision.f32, KernelPath.best), (.bf16, .best), (.f32, .portable)])
  func small(index: Int, way: (precision: Precision, path: KernelPath)) throws {
    let shape = SyntheticModel.golden[index].model
    let directory = try shape.write()
    let model = try Model(directory: directory.url, precision: way.precision, kernelPath: way.path)
    try expectInvariance(model, count: 40, longest: shape.positions, rounds: 8, seed: UInt64(index + 10))
  }

  @Test(
    "DistilBERT-base size", .enabled(if: EngineFixtures.baseModel != nil, "needs SENTIMENT_BASE_MODEL"),
    arguments: [Precision.f32, .bf16])
  func base(precision: Precision) throws {
    let model = try Model(directory: #require(EngineFixtures.baseModel), precision: precision)
    try expectInvariance(model, count: 12, longest: 130, rounds: 4, seed: 3)
  }

  @Test("lanes on threads of their own agree")
  func lanes() throws {
    let model = try Model(directory: SharedDirectory.bundledModel)
    let all = sequences(model, count: 20, longest: 120, seed: 5)
    let expected = try Lane(model: model).logits(all)
    let finished = DispatchGroup()
    let results = Results()
    for _ in 0..<3 {
      finished.enter()
      Thread {
        for _ in 0..<3 { results.add(try? Lane(model: model, maximumTokens: 512).logits(all)) }
        finished.leave()
      }.start()
    }
    finished.wait()
    #expect(results.all.count == 9 && results.all.allSatisfy { $0 == expected })
  }

  /// `@unchecked Sendable`: `lock` guards `values`.
  private final class Results: @unchecked Sendable {
    private let lock = NSLock()
    private var values: [[[Float]]?] = []
    var all: [[[Float]]?] { lock.withLock { values } }
    func add(_ value: [[Float]]?) { lock.withLock { values.append(value) } }
  }
}
