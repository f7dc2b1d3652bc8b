import TestSupport
import Testing

@testable import SentimentWorker

@Suite struct BackoffTests {
  private let limits = RetryLimits(attempts: 5, initialBackoff: .milliseconds(100), maximumBackoff: .milliseconds(500))

  @Test func theBoundDoublesUpToTheMaximum() {
    let backoff = Backoff(limits: limits, random: SeededRandom(seed: 1))
    #expect((1...4).map { backoff.bound(afterAttempt: $0) / 1_000_000 } == [100, 200, 400, 500])
  }

  @Test func waitsAreSpreadOverTheWholeRangeAndEndWithTheLastAttempt() {
    var backoff = Backoff(limits: limits, random: SeededRandom(seed: 2))
    for attempt in 1...4 {
      let bound = backoff.bound(afterAttempt: attempt)
      let waits = (0..<400).compactMap { _ in backoff.delay(afterAttempt: attempt) }
      #expect(waits.count == 400 && waits.allSatisfy { $0 <= bound })
      #expect(waits.contains { $0 < bound / 10 } && waits.contains { $0 > bound / 10 * 9 })
    }
    check(backoff.delay(afterAttempt: 5), nil)
    check(backoff.delay(afterAttempt: .max), nil)
  }

  @Test func nothingOverflows() {
    let limits = RetryLimits(attempts: .max, initialBackoff: .seconds(60), maximumBackoff: .seconds(Int64.max))
    let backoff = Backoff(limits: limits, random: SeededRandom(seed: 3))
    #expect(backoff.bound(afterAttempt: .max - 1) == .max)
    let none = Backoff(limits: .init(attempts: 9, initialBackoff: .zero, maximumBackoff: .zero), random: SeededRandom(seed: 4))
    #expect(none.bound(afterAttempt: 8) == 0)
  }
}

@Suite struct BisectionTests {
  /// What became of a batch.
  private struct Verdicts: Equatable {
    var labelled: Set<Int> = []
    /// Item → attempts.
    var givenUp: [Int: Int] = [:]
    var runs = 0
    var waited: Nanoseconds = 0
  }

  /// Runs a batch on a clock of its own.
  private func play(count: Int, limits: RetryLimits, seed: UInt64, fails: (Range<Int>, _ run: Int) -> Bool) -> Verdicts {
    var bisection = Bisection(count: count, backoff: Backoff(limits: limits, random: SeededRandom(seed: seed)))
    var verdicts = Verdicts()
    var now: Nanoseconds = 0
    while true {
      switch bisection.next(at: now) {
      case .finished: return verdicts
      case .wait(let until):
        #expect(until > now)
        verdicts.waited += until - now
        now = until
      case .run(let part):
        #expect(!part.isEmpty && part.upperBound <= count)
        verdicts.runs += 1
        if fails(part, verdicts.runs) {
          if let attempts = bisection.failed(part, at: now) {
            #expect(part.count == 1 && verdicts.givenUp[part.lowerBound] == nil)
            verdicts.givenUp[part.lowerBound] = attempts
          }
        } else {
          bisection.succeeded()
          #expect(verdicts.labelled.isDisjoint(with: part))
          verdicts.labelled.formUnion(part)
        }
      }
    }
  }

  private func logarithm(_ count: Int) -> Int { count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount }

  /// Any set of guilty items: exactly those are given up, each after all its attempts, in O(g log n) runs.
  @Test(arguments: 0..<300)
  func exactlyTheGuiltyAreGivenUp(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let count = Int.random(in: 0...300, using: &random)
    let share: Double = [0, 0.005, 0.05, 0.5, 1][Int.random(in: 0..<5, using: &random)]
    let guilty = Set((0..<count).filter { _ in Double.random(in: 0..<1, using: &random) < share })
    let attempts = Int.random(in: 1...5, using: &random)
    let limits = RetryLimits(attempts: attempts, initialBackoff: .milliseconds(10), maximumBackoff: .milliseconds(80))
    let verdicts = play(count: count, limits: limits, seed: seed) { part, _ in !guilty.isDisjoint(with: part) }
    #expect(verdicts.labelled == Set(0..<count).subtracting(guilty))
    #expect(verdicts.givenUp == Dictionary(uniqueKeysWithValues: guilty.map { ($0, attempts) }))
    let bound = (count == 0 ? 0 : 1) + 2 * guilty.count * logarithm(count) + guilty.count * (attempts - 1)
    #expect(verdicts.runs <= bound, "\(verdicts.runs) runs for \(guilty.count) of \(count)")
  }

  /// Failures that pass, at random: nothing is given up before its attempts are used up, and nothing is left out.
  @Test(arguments: 0..<100)
  func whatPassesIsOutlived(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let count = Int.random(in: 1...100, using: &random)
    let limits = RetryLimits(attempts: 4, initialBackoff: .milliseconds(10), maximumBackoff: .seconds(1))
    var alone: [Int: Int] = [:]
    let verdicts = play(count: count, limits: limits, seed: seed) { part, _ in
      let fails = Int.random(in: 0..<3, using: &random) == 0
      if fails, part.count == 1 { alone[part.lowerBound, default: 0] += 1 }
      return fails
    }
    #expect(verdicts.labelled.union(verdicts.givenUp.keys) == Set(0..<count))
    #expect(verdicts.labelled.isDisjoint(with: verdicts.givenUp.keys))
    #expect(verdicts.givenUp == alone.filter { $0.value == 4 })
  }

  @Test func aFailureThatDoesNotComeBackCostsTwoRunsAndNoWait() {
    let verdicts = play(count: 64, limits: .standard, seed: 1) { _, run in run == 1 }
    #expect(verdicts == Verdicts(labelled: Set(0..<64), runs: 3))
  }

  @Test func theInnocentDoNotWaitForTheGuilty() {
    var bisection = Bisection(count: 2, backoff: Backoff(limits: .standard, random: SeededRandom(seed: 1)))
    check(bisection.next(at: 0), .run(0..<2))
    check(bisection.failed(0..<2, at: 0), nil)
    check(bisection.next(at: 0), .run(0..<1))
    check(bisection.failed(0..<1, at: 0), nil)
    check(bisection.next(at: 0), .run(1..<2))
    bisection.succeeded()
    guard case .wait(let moment) = bisection.next(at: 0) else {
      Issue.record("it should wait")
      return
    }
    check(bisection.next(at: moment), .run(0..<1))
    bisection.succeeded()
    check(bisection.next(at: moment), .finished)
  }
}
