import Foundation
import TestSupport
import Testing

@testable import DistilBERT

@Suite("A lane of several threads gives the bits of one thread")
struct LaneThreadsTests {
  /// Batches that are hard to deal: less than a row a thread, one long sequence, many of all lengths, more than a slice takes.
  private static let shapes: [[Int]] = [
    [1], [2], [17], [512], [1, 1, 1], [511, 1], [1, 511], [3, 200, 48, 49, 1, 64, 12], Array(repeating: 5, count: 40),
    [300, 20, 512, 130, 7, 400],
  ]

  private static func batches(_ model: Model) -> [[[Int32]]] {
    var random = SeededRandom(seed: 77)
    let vocabulary = Int32(model.configuration.vocabularySize)
    return shapes.map { lengths in
      lengths.map { length in
        (0..<min(length, model.configuration.maximumPositions)).map { _ in Int32.random(in: 0..<vocabulary, using: &random) }
      }
    }
  }

  private func expectSameBits(_ model: Model, shapes: Range<Int>? = nil) throws {
    let batches = Self.batches(model)[shapes ?? 0..<Self.shapes.count]
    let alone = try Lane(model: model)
    let expected = try batches.map { try alone.logits($0) }
    for threads in [2, 3, 5] {
      let lane = try Lane(model: model, threads: threads)
      #expect(lane.threads == threads)
      for (batch, logits) in zip(batches, expected) {
        #expect(try lane.logits(batch) == logits, "\(threads) threads, lengths \(batch.map(\.count))")
      }
    }
  }

  @Test("bundled model", arguments: Precision.allCases)
  func bundled(precision: Precision) throws {
    try expectSameBits(Model(directory: SharedDirectory.bundledModel, precision: precision))
  }

  @Test("small models in odd shapes", arguments: SyntheticModel.golden.indices, Precision.allCases)
  func small(index: Int, precision: Precision) throws {
    try expectSameBits(SyntheticModel.golden[index].model.load(precision: precision))
  }

  @Test(
    "DistilBERT-base size", .enabled(if: EngineFixtures.baseModel != nil, "needs SENTIMENT_BASE_MODEL"),
    arguments: Precision.allCases)
  func base(precision: Precision) throws {
    try expectSameBits(Model(directory: #require(EngineFixtures.baseModel), precision: precision), shapes: 0..<5)
  }

  @Test("lanes of several threads beside each other, made and let go")
  func beside() throws {
    let model = try SyntheticModel.golden[2].model.load()
    let batches = Self.batches(model)
    let expected = try Lane(model: model).logits(batches[7])
    let finished = DispatchGroup()
    let failures = NSLock()
    nonisolated(unsafe) var wrong = 0  // guarded by `failures`
    for _ in 0..<3 {
      finished.enter()
      Thread {
        for _ in 0..<5 {
          let found = try? Lane(model: model, maximumTokens: 256, threads: 3).logits(batches[7])
          if found != expected { failures.withLock { wrong += 1 } }
        }
        finished.leave()
      }.start()
    }
    finished.wait()
    #expect(failures.withLock { wrong } == 0)
  }

  @Test("a number of threads out of range is an error", arguments: [0, -1, 257, .max])
  func range(threads: Int) throws {
    let model = try SyntheticModel().load()
    #expect(throws: ModelError.self) { try Lane(model: model, threads: threads) }
  }
}

@Suite("Rows are dealt to threads by their cost")
struct RowDivisionTests {
  private func ranges(_ lengths: [Int], threads: Int, alignment: Int = 1, unit: Int = 1) throws -> [Range<Int>] {
    let division = RowDivision(alignment: alignment, unit: unit)
    return lengths.withUnsafeBufferPointer { lengths in
      TeamMember.team(of: threads).map { division.rows(of: $0, lengths: lengths) }
    }
  }

  @Test("the ranges follow one another, start at multiples of the unit and take all rows", arguments: [1, 2, 3, 5, 16])
  func cover(threads: Int) throws {
    for lengths in [[1], [7, 9], [100], [1, 64, 30, 512, 2], Array(repeating: 3, count: 50)] {
      for (alignment, unit) in [(1, 1), (1, 16), (12, 12), (48, 48)] {
        let found = try ranges(lengths, threads: threads, alignment: alignment, unit: unit)
        let rows = lengths.reduce(0) { $0 + roundUp($1, to: alignment) }
        #expect(found.first?.lowerBound == 0 && found.last?.upperBound == roundUp(rows, to: unit))
        for (range, next) in zip(found, found.dropFirst()) { #expect(range.upperBound == next.lowerBound) }
        #expect(found.allSatisfy { $0.lowerBound % unit == 0 })
      }
    }
  }

  @Test("one sequence goes in equal parts; rows of long sequences count for more")
  func balance() throws {
    #expect(try ranges([128], threads: 2) == [0..<64, 64..<128])
    #expect(try ranges([512], threads: 4).map(\.count) == [128, 128, 128, 128])
    let mixed = try ranges(Array(repeating: 10, count: 50) + [500], threads: 2)
    #expect(mixed[0].count > 650 && mixed[0].count < 750)
  }
}
