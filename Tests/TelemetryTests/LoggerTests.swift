import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Telemetry

/// Collects lines; the mutex guards them.
private final class Lines: Sendable {
  private let lines = Mutex<[String]>([])
  var output: LineOutput { LineOutput { line in self.lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } } }
  var all: [String] { lines.withLock { $0 } }
}

private let moment = UTCTime(milliseconds: 1_769_903_999_042)

struct LoggerTests {
  private let lines = Lines()

  private func textLogger(_ level: LogLevel = .info) -> Logger {
    Logger(level: level, sink: TextLogSink(lines.output), clock: { moment })
  }

  private func jsonLogger() -> Logger { Logger(level: .trace, sink: JSONLogSink(lines.output), clock: { moment }) }

  @Test func textForPeople() {
    textLogger().with(["lane": 3]).warning("broker is down", ["broker": "b1:9092", "attempts": 2, "ratio": 0.5, "final": false])
    #expect(
      lines.all == ["2026-01-31T23:59:59.042Z warning  broker is down lane=3 broker=b1:9092 attempts=2 ratio=0.5 final=false\n"])
  }

  @Test func textValuesAreQuotedWhereNeeded() {
    textLogger().info("m", ["a": "two words", "b": "", "c": "x=y", "d": #"say "hi" \o/"#])
    #expect(lines.all == [#"2026-01-31T23:59:59.042Z info     m a="two words" b="" c="x=y" d="say \"hi\" \\o/""# + "\n"])
  }

  @Test func oneEventIsOneLine() {
    let nasty = "a\nb\r\u{1B}[31m\u{0}\u{85}\u{2028}\u{9B}é"
    textLogger().info(nasty, ["k\n": .string(nasty)])
    let escaped = #"a\nb\r\u{1B}[31m\u{0}\u{85}\u{2028}\u{9B}é"#
    #expect(lines.all == ["2026-01-31T23:59:59.042Z info     \(escaped) k\\n=\(escaped)\n"])
  }

  @Test func jsonForMachines() throws {
    jsonLogger().with(["time": "mine"]).error("a\n\"b\"", ["n": 1, "x": 0.25, "ok": true, "s": "é", "nan": .number(.nan)])
    let line = try #require(lines.all.first)
    #expect(
      line == #"{"time":"2026-01-31T23:59:59.042Z","level":"error","message":"a\n\"b\"","time_":"mine","#
        + #""n":1,"x":0.25,"ok":true,"s":"é","nan":null}"# + "\n")
    #expect(try JSONSerialization.jsonObject(with: Data(line.utf8)) is [String: Any])
  }

  @Test func belowTheThresholdNothingIsMade() {
    var made = 0
    func message() -> String {
      made += 1
      return "m"
    }
    let logger = textLogger(.warning)
    for level in LogLevel.allCases { logger.log(level, message()) }
    #expect(lines.all.count == 3 && made == 3)
  }

  @Test func metadataOfTheEventWinsInPlace() {
    textLogger().with(["a": 1, "b": 2]).with(["b": 3]).info("m", ["a": 4, "c": .integer(UInt64.max)])
    #expect(lines.all == ["2026-01-31T23:59:59.042Z info     m a=4 b=3 c=18446744073709551615\n"])
  }

  @Test func repeatsAreHeldBackAndCounted() {
    let now = Mutex(ContinuousClock.now)
    let sink = RepeatLimitingLogSink(TextLogSink(lines.output), interval: .seconds(10), now: { now.withLock { $0 } })
    let logger = Logger(sink: sink, clock: { moment })
    for attempt in 0..<5 { logger.warning("down", ["attempt": .integer(attempt)]) }
    logger.error("down")
    now.withLock { $0 += .seconds(10) }
    logger.warning("down")
    logger.warning("down")
    now.withLock { $0 += .seconds(10) }
    sink.writeSummaries()
    sink.writeSummaries()
    for _ in 0..<2 { logger.info("goes on") }
    for error in ["a", "b", "a"] { logger.warning("met", ["error": "\(error)"]) }
    sink.writeSummaries(isEnd: true)
    #expect(lines.all.count == 9)
    #expect(lines.all[8].hasSuffix("repeated messages held back repeated=\"warning met: a\" heldBack=1\n"))
    #expect(lines.all[0].hasSuffix("warning  down attempt=0\n"))
    #expect(lines.all[1].hasSuffix("error    down\n"))
    #expect(lines.all[2].hasSuffix("warning  down heldBack=4\n"))
    #expect(lines.all[3].hasSuffix("repeated messages held back repeated=\"warning down\" heldBack=1\n"))
  }
}

struct RepeatedMessageLimiterTests {
  private let start = ContinuousClock.now

  @Test func firstThenOneAnInterval() {
    var limiter = RepeatedMessageLimiter(interval: .seconds(1))
    #expect(limiter.decide("a", now: start) == .print(heldBack: 0))
    #expect(limiter.decide("a", now: start + .milliseconds(999)) == .holdBack)
    #expect(limiter.decide("b", now: start + .milliseconds(999)) == .print(heldBack: 0))
    #expect(limiter.decide("a", now: start + .seconds(1)) == .print(heldBack: 1))
    #expect(limiter.decide("a", now: start + .seconds(1)) == .holdBack)
    #expect(limiter.takeSummaries(now: start + .seconds(1)).isEmpty)
    #expect(limiter.takeSummaries(now: start + .seconds(2)) == [.init(key: "a", heldBack: 1)])
    #expect(limiter.takeSummaries(now: start + .seconds(9)).isEmpty)
  }

  @Test func memoryIsBounded() {
    var limiter = RepeatedMessageLimiter(interval: .seconds(1), maximumKeys: 2)
    for key in ["a", "b", "c", "c"] { #expect(limiter.decide(key, now: start) == .print(heldBack: 0)) }
    #expect(limiter.decide("c", now: start + .seconds(1)) == .print(heldBack: 0))
    #expect(limiter.decide("c", now: start + .seconds(1)) == .holdBack)
  }
}

struct UTCTimeTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
    (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
  ])
  func rfc3339(milliseconds: Int64, text: String) {
    #expect(UTCTime(milliseconds: milliseconds).rfc3339 == text)
  }

  @Test func agreesWithFoundationOverCenturies() {
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = [.withInternetDateTime]
    var random = SeededRandom(seed: 3)
    for _ in 0..<2000 {
      let seconds = Int64.random(in: 0...32_503_680_000, using: &random)
      let expected = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
      #expect(UTCTime(milliseconds: seconds * 1000).rfc3339 == expected.replacing("Z", with: ".000Z"))
    }
  }

  @Test func anyNumberIsAllowed() {
    #expect(UTCTime(milliseconds: .max).rfc3339.hasSuffix("Z"))
    #expect(UTCTime(milliseconds: .min).rfc3339.hasPrefix("-"))
  }
}
