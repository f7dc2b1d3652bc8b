import Kafka
import TestSupport
import Testing

@testable import SentimentWorker

@Suite("Bounds of a replay")
struct ReplayBoundTests {
  @Test(
    "what users say",
    arguments: [
      ("beginning", .beginning), ("end", .end), ("0", .offset(0)), ("42", .offset(42)), ("0=5", .offsets([.init(0): 5])),
      ("0=5,12=0", .offsets([.init(0): 5, .init(12): 0])),
      ("reviews:0=5,1=2", .offsets([.init(topic: "reviews", 0): 5, .init(1): 2])), ("1970-01-02", .time(86_400_000)),
      ("1970-01-01T00:00:01Z", .time(1000)),
      ("1970-01-01T01:00:01.250+01:00", .time(1250)), ("24h", .ago(.seconds(86400))), ("90m", .ago(.seconds(5400))),
    ] as [(String, ReplayBound)])
  func understood(text: String, bound: ReplayBound) {
    #expect(ReplayBound(text) == bound)
  }

  @Test(
    "what nobody means",
    arguments: [
      "", "-1", "Beginning", "0=", "=5", "0=5,", "0=5,0=6", "0=-5", "1=2=3", ":1=2", "reviews:=2", "reviews:-1=2", "0s",
      "1970-13-01", "1970-01-01T00:00:01",
      "yesterday",
      "99999999999999999999", "١",
    ])
  func refused(text: String) {
    #expect(ReplayBound(text) == nil)
  }
}

@Suite("What a replay reads")
struct ReplayRangeTests {
  private let a = TopicPartition(topic: "t", partition: 0)
  private let b = TopicPartition(topic: "t", partition: 1)

  @Test("bounds outside of the log, in the wrong order, and partitions without one")
  func clamped() {
    let marks = [a: Consumer.Watermarks(low: 10, high: 20), b: .init(low: 0, high: 5)]
    #expect(ReplayRange(watermarks: marks, from: [a: 0, b: 2], to: [a: 99, b: 4]).partitions == [a: 10..<20, b: 2..<4])
    #expect(ReplayRange(watermarks: marks, from: [a: 15, b: 9], to: [a: 12, b: 99]).partitions == [a: 15..<15, b: 5..<5])
    #expect(ReplayRange(watermarks: marks, from: [a: 12], to: [a: 13, b: 3]).partitions == [a: 12..<13, b: 0..<0])
  }

  @Test("how much of it is done")
  func done() {
    let range = ReplayRange([a: 10..<20, b: 0..<0])
    #expect(range.count == 10)
    #expect(range.done([:]) == 0 && range.done([a: 3]) == 0 && range.done([a: 12]) == 2 && range.done([a: 99]) == 10)
    #expect(!range.isDone([:]) && !range.isDone([a: 19]) && range.isDone([a: 20]) && ReplayRange([b: 7..<7]).isDone([:]))
  }

  @Test("what is left of it")
  func left() {
    let range = ReplayRange([a: 10..<20, b: 0..<5])
    #expect(range.left([:]) == range)
    #expect(range.left([a: 12, b: 99]) == ReplayRange([a: 12..<20, b: 5..<5]))
    #expect(range.left([a: 3]).partitions[a] == 10..<20)
    #expect(ReplayBound.offsets(after: range) == .offsets([.init(topic: "t", 0): 20, .init(topic: "t", 1): 5]))
  }

  @Test("a partition ends with anything at or behind its end, records or the log's end, and not with its last record")
  func ends() {
    var reading = ReplayReading(ReplayRange([a: 10..<20, b: 0..<5]))
    reading.assign([a, b])
    let seen = [10, 11, 19].map { reading.see(a, $0) }
    #expect(seen == [true, true, true])
    #expect(!reading.isFinished && reading.ends.isEmpty)
    let beyond = reading.see(a, 23)
    #expect(!beyond)
    #expect(reading.ends == [a: 20])
    reading.reachedLogEnd(b, 4, logEnd: 5)
    #expect(!reading.isFinished)
    reading.reachedLogEnd(b, 5, logEnd: 5)
    #expect(reading.isFinished)
    #expect(reading.raised([a: 15, b: 2]) == [a: 20, b: 5])
  }

  @Test("a log that was truncated, and a partition that has no part, do not keep a replay from its end")
  func truncated() {
    var reading = ReplayReading(ReplayRange([a: 10..<20, b: 3..<3]))
    #expect(reading.isFinished)
    reading.assign([a, b])
    #expect(!reading.isFinished)
    reading.reachedLogEnd(a, 4, logEnd: 4)
    #expect(reading.isFinished)
    #expect(reading.ends == [a: 20])
    let beyond = reading.see(b, 3)
    #expect(!beyond)
  }

  @Test("a partition that goes and comes back is read anew, and others' partitions are not this process's affair")
  func rebalanced() {
    var reading = ReplayReading(ReplayRange([a: 0..<5, b: 0..<5]))
    reading.assign([a])
    _ = reading.see(a, 7)
    #expect(reading.isFinished)
    reading.release([a])
    #expect(reading.isFinished && reading.ends.isEmpty)
    reading.assign([a, b])
    #expect(!reading.isFinished)
    #expect(reading.raised([a: 3]) == [a: 3])
  }

  @Test(
    "whatever is compacted away, whoever has the partition: each record of the range is read once",
    arguments: 0..<40 as Range<UInt64>)
  func random(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let end = Int64.random(in: 0...60, using: &random)
    let begin = Int64.random(in: 0...end, using: &random)
    let logEnd = Int64.random(in: end...80, using: &random)
    let log = (0..<logEnd).filter { _ in Int.random(in: 0..<3, using: &random) > 0 }
    var committed = begin
    var read: [Int64] = []
    // One process after the other, each killed somewhere; what was not committed is read again by the next.
    for round in 0... {
      var reading = ReplayReading(ReplayRange([a: min(committed, end)..<end]))
      reading.assign([a])
      var taken: [Int64] = []
      let isKilled = round < 5
      var left = isKilled ? Int.random(in: 0...10, using: &random) : .max
      for offset in log where offset >= committed && left > 0 {
        left -= 1
        if reading.see(a, offset) { taken.append(offset) } else { break }
      }
      if left > 0 { reading.reachedLogEnd(a, logEnd, logEnd: logEnd) }
      read += taken
      committed = taken.last.map { $0 + 1 } ?? committed
      committed = reading.ends[a] ?? committed
      if reading.isFinished { break }
      if round > 100 { break }
    }
    #expect(read == log.filter { (begin..<end).contains($0) })
    #expect(committed >= end)
  }
}

@Suite("What a replay leaves out, and its pace")
struct ReplayFilterTests {
  @Test("a sample takes the same keys every time, about as many as it says")
  func sample() {
    let keys = (0..<10_000).map { Array("user-\($0)".utf8) }
    let chosen = keys.filter { ReplayFilter.wants(key: $0, place: (0, 0), oneOf: 10) }
    #expect((900...1100).contains(chosen.count))
    #expect(chosen.allSatisfy { ReplayFilter.wants(key: $0, place: (7, 123), oneOf: 10) })
    let places = (0..<10_000).filter { ReplayFilter.wants(key: nil, place: (3, Int64($0)), oneOf: 10) }
    #expect((900...1100).contains(places.count))
    #expect(keys.allSatisfy { ReplayFilter.wants(key: $0, place: (0, 0), oneOf: 1) })
  }

  @Test("a pace holds the rate, and does not make up for idle time")
  func pace() {
    var pace = ReplayPace(rate: 1000)
    #expect(pace.groupLimit == 100)
    let moments = [pace.take(100, at: 0), pace.take(50, at: 100_000_000), pace.take(100, at: 10_000_000_000)]
    #expect(moments == [100_000_000, 150_000_000, 10_100_000_000])
    #expect(ReplayPace(rate: 0.5).groupLimit == 1)
    var slow = ReplayPace(rate: 0.5)
    let moment = slow.take(1, at: 0)
    #expect(moment == 2_000_000_000)
  }
}
