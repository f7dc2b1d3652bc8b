import TestSupport
import Testing

@testable import SentimentWorker

@Suite struct WatchdogTests {
  private static let second: Nanoseconds = 1_000_000_000

  /// A watchdog with a time-out of 10 s, and what it reads; each look is a second after the last.
  private struct Script {
    var watchdog = Watchdog(timeout: .seconds(10), interval: .seconds(1))
    var readings: [WatchedPart: Watchdog.Reading] = [:]
    var now: Nanoseconds = 5 * second

    mutating func look(times: Int = 1) -> [Watchdog.Event] {
      var events: [Watchdog.Event] = []
      for _ in 0..<times {
        now += second
        events += watchdog.look(readings, at: now)
      }
      return events
    }

    mutating func set(_ part: WatchedPart, _ progress: Int, isExpected: Bool = true) {
      readings[part] = .init(progress: progress, isExpected: isExpected)
    }
  }

  private func stall(_ part: WatchedPart, _ second: Nanoseconds) -> Watchdog.Stall {
    .init(part: part, since: second * Self.second)
  }

  @Test func whatStandsStillForTheTimeIsAStallAndIsToldOnce() {
    var script = Script()
    script.set(.polling, 1)
    check(script.look(), [])
    check(script.look(times: 9), [])
    #expect(script.watchdog.stalls == [])
    check(script.look(), [.stalled(stall(.polling, 6))])
    check(script.look(times: 100), [])
    #expect(script.watchdog.stalls == [stall(.polling, 6)])
    script.set(.polling, 2)
    check(script.look(), [.recovered(stall(.polling, 6))])
    #expect(script.watchdog.stalls == [])
    check(script.look(times: 9), [])
    check(script.look(times: 1), [.stalled(stall(.polling, 117))])
  }

  @Test func progressStartsTheTimeAnew() {
    var script = Script()
    for step in 0..<50 {
      script.set(.deliveries, step)
      check(script.look(times: 9), [])
    }
  }

  @Test func whatHasNothingToDoStandsStillForEver() {
    var script = Script()
    script.set(.lane(0), 4, isExpected: false)
    check(script.look(times: 1000), [])
    script.set(.lane(0), 5)
    check(script.look(times: 10), [])
    check(script.look(), [.stalled(stall(.lane(0), 1006))])
    script.set(.lane(0), 5, isExpected: false)
    check(script.look(), [.recovered(stall(.lane(0), 1006))])
  }

  @Test func partsAreTimedEachByItself() {
    var script = Script()
    script.set(.polling, 0)
    script.set(.lane(0), 1)
    script.set(.lane(1), 1)
    script.set(.deliveries, 0, isExpected: false)
    check(script.look(times: 5), [])
    script.set(.polling, 1)
    script.set(.lane(1), 3)
    check(script.look(times: 6), [.stalled(stall(.lane(0), 6))])
    check(script.look(times: 5), [.stalled(stall(.polling, 11)), .stalled(stall(.lane(1), 11))])
    #expect(script.watchdog.stalls.map(\.part.name) == ["polling", "lane-0", "lane-1"])
  }

  /// A process that was stopped for an hour, or a machine that slept, has no parts that stood still for an hour.
  @Test func timeInWhichNobodyLookedCountsForOneLook() {
    var script = Script()
    script.set(.polling, 1)
    check(script.look(times: 3), [])
    script.now += 3600 * Self.second
    check(script.look(), [])
    script.set(.polling, 2)
    check(script.look(), [])
  }

  /// Random readings against the plain rule, with looks at even times: stalled is what was expected and unchanged at eleven
  /// looks in a row.
  @Test(arguments: 0..<40)
  func randomReadingsFollowTheRule(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var script = Script()
    var histories: [WatchedPart: [Watchdog.Reading]] = [:]
    let parts: [WatchedPart] = [.polling, .lane(0), .lane(1), .deliveries]
    var told: Set<WatchedPart> = []
    for part in parts { script.set(part, 0, isExpected: false) }
    for _ in 0..<400 {
      for part in parts where Int.random(in: 0..<12, using: &random) == 0 {
        let isExpected = Int.random(in: 0..<4, using: &random) > 0
        script.set(part, Int.random(in: 0...3, using: &random), isExpected: isExpected)
      }
      for event in script.look() {
        switch event {
        case .stalled(let stall): check(told.insert(stall.part).inserted)
        case .recovered(let stall): check(told.remove(stall.part) != nil)
        }
      }
      for part in parts { histories[part, default: []].append(script.readings[part] ?? .init(progress: 0, isExpected: false)) }
      let expected = parts.filter { part in
        let last = histories[part, default: []].suffix(11)
        return last.count == 11 && last.dropFirst().allSatisfy { $0.isExpected && $0.progress == last.first?.progress }
      }
      #expect(told == Set(expected))
      #expect(script.watchdog.stalls.map(\.part) == expected.sorted())
    }
  }
}

@Suite struct HealthTests {
  private static let second: Nanoseconds = 1_000_000_000

  @Test func healthIsBadWhileSomethingStandsStill() {
    let health = Health(timeout: .seconds(10))
    #expect(health.isGood(at: 0))
    health.set([.init(part: .lane(3), since: 0)], at: Self.second)
    #expect(!health.isGood(at: Self.second) && health.stalled(at: Self.second) == ["lane-3"])
    health.set([], at: 2 * Self.second)
    #expect(health.isGood(at: 2 * Self.second))
  }

  @Test func aWatchdogThatHangsIsBadHealthToo() {
    let health = Health(timeout: .seconds(10))
    health.set([], at: Self.second)
    #expect(health.isGood(at: 21 * Self.second))
    #expect(health.stalled(at: 22 * Self.second) == ["watchdog"])
    health.endWatch()
    #expect(health.isGood(at: 1000 * Self.second))
  }

  @Test func aLaneIsWatchedWhileItHasABatch() {
    let pulse = LanePulse()
    #expect(!pulse.reading.isExpected)
    pulse.begin()
    let first = pulse.reading
    #expect(first.isExpected)
    pulse.advance()
    #expect(pulse.reading.isExpected && pulse.reading != first)
    pulse.rest()
    #expect(!pulse.reading.isExpected)
  }
}
