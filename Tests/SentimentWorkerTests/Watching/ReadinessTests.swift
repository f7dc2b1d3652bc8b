import Testing

@testable import SentimentWorker

struct ReadinessTests {
  private static let second: Nanoseconds = 1_000_000_000

  /// Plays events, each at its second, and gives what is said at the last second.
  private func verdict(_ events: [(Nanoseconds, Readiness.Event)], at second: Nanoseconds) -> Readiness.Verdict {
    var readiness = Readiness(patience: .seconds(30))
    for (second, event) in events { readiness.note(event, at: second * Self.second) }
    return readiness.verdict(at: second * Self.second)
  }

  private let start: [(Nanoseconds, Readiness.Event)] = [
    (1, .modelLoaded), (2, .brokers(reached: true)), (3, .joined(partitions: 2)),
  ]

  @Test("each step of the start says what is missing")
  func steps() {
    #expect(verdict([], at: 0).reasons == ["model loading"])
    #expect(verdict([start[0]], at: 1).reasons == ["brokers not reached yet", "consumer group not joined"])
    #expect(verdict(Array(start[..<2]), at: 2).reasons == ["consumer group not joined"])
    #expect(verdict(start, at: 3) == .init(reasons: [], isSpare: false))
  }

  @Test("brokers that were never reached are waited for without a bound")
  func neverReached() {
    let events: [(Nanoseconds, Readiness.Event)] = [(1, .modelLoaded), (2, .brokers(reached: false))]
    #expect(verdict(events, at: 100).reasons == ["brokers not reached yet", "consumer group not joined"])
  }

  @Test("brokers may be away for as long as the bound, counted from the first silence")
  func brokersGo() {
    var events = start
    events += [(10, .brokers(reached: false)), (20, .brokers(reached: false))]
    #expect(verdict(events, at: 39).isReady)
    #expect(verdict(events, at: 40).reasons == ["brokers unreachable for 30 s"])
    events.append((50, .brokers(reached: true)))
    #expect(verdict(events, at: 1000).isReady)
    events.append((1000, .brokers(reached: false)))
    #expect(verdict(events, at: 1029).isReady)
  }

  @Test("a member without partitions is a ready spare; one that lost its place is not ready")
  func membership() {
    #expect(verdict(start + [(4, .joined(partitions: 0))], at: 4) == .init(reasons: [], isSpare: true))
    #expect(verdict(start + [(4, .left)], at: 4) == .init(reasons: ["consumer group not joined"], isSpare: false))
    #expect(verdict(start + [(4, .left), (5, .joined(partitions: 1))], at: 5).isReady)
  }

  @Test("a worker that ends is not ready, whatever else")
  func ending() {
    #expect(verdict(start + [(4, .ending)], at: 5).reasons == ["stopping"])
    #expect(verdict([(1, .ending)], at: 5).reasons == ["stopping", "model loading"])
  }
}

struct DrainEstimateTests {
  private static let second: Nanoseconds = 1_000_000_000

  private func seconds(_ notes: [(second: Nanoseconds, lag: Int64, resolved: Int)]) -> Double {
    var estimate = DrainEstimate()
    for note in notes { estimate.note(lag: note.lag, resolved: note.resolved, at: note.second * Self.second) }
    return estimate.seconds
  }

  @Test("no backlog takes no time, and one that does not move for ever")
  func ends() {
    #expect(seconds([]) == 0)
    #expect(seconds([(0, 0, 0), (1, 0, 100)]) == 0)
    #expect(seconds([(0, 10, 0)]) == .infinity)
    #expect(seconds([(0, 10, 5), (1, 10, 5)]) == .infinity)
  }

  @Test("the backlog by the speed of the last minute")
  func speed() {
    #expect(seconds([(0, 1000, 0), (10, 900, 100)]) == 90)
    // 1,000 a second at first, then 10: what is older than a minute does not count.
    let slowing = [(0, 0, 0), (10, 9000, 10_000)] + (1...12).map { (10 + $0 * 10, 600, 10_000 + $0 * 100) }
    #expect(seconds(slowing.map { (Nanoseconds($0.0), Int64($0.1), $0.2) }) == 60)
  }
}
