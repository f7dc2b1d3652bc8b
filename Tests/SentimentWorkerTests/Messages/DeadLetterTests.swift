import Telemetry
import Testing

@testable import SentimentWorker

struct DeadLetterTests {
  private let source = MessageSource(topic: "reviews", partition: 3, offset: 42, timestamp: 1000)
  private let time = UTCTime(milliseconds: 1_769_903_999_042)

  private func texts(_ headers: [DeadLetter.Header]) -> [String] {
    headers.map { "\($0.name)=\($0.value.map { String(decoding: $0, as: UTF8.self) } ?? "null")" }
  }

  @Test func headersSayWhatWhereAndWhen() {
    let letter = DeadLetter(Unusable(reason: .notJSON, detail: "empty"), source: source, time: time)
    #expect(
      texts(letter.headers) == [
        "sentiment-reason=not-json", "sentiment-detail=empty", "sentiment-stage=decode", "sentiment-source-topic=reviews",
        "sentiment-source-partition=3", "sentiment-source-offset=42", "sentiment-source-timestamp=1000", "sentiment-attempts=1",
        "sentiment-time=2026-01-31T23:59:59.042Z",
      ])
    #expect(Set(letter.headers.map(\.name) + [DeadLetter.valueOmittedHeader]) == DeadLetter.headerNames)
  }

  @Test func aMessageWithoutATimeHasNoTimestamp() {
    let timeless = MessageSource(topic: "t", partition: 0, offset: 0, timestamp: nil)
    let letter = DeadLetter(reason: "model-failed", detail: "", stage: .infer, source: timeless, attempts: 3, time: time)
    #expect(!letter.headers.contains { $0.name == "sentiment-source-timestamp" })
    #expect(texts(letter.headers).contains("sentiment-attempts=3"))
  }

  @Test func theMessagesOwnHeadersComeFirstUnchanged() {
    let letter = DeadLetter(Unusable(reason: .blank, detail: "d"), source: source, time: time)
    let own: [DeadLetter.Header] = [
      ("trace", [1, 255]), ("trace", nil), ("sentiment-score", [2]), ("sentiment-reason", [3]), ("sentiment-attempts", [4]),
    ]
    let headers = letter.headers(after: own)
    #expect(headers.prefix(3).map(\.name) == ["trace", "trace", "sentiment-score"])
    #expect(headers[0].value == [1, 255] && headers[1].value == nil)
    #expect(texts(Array(headers.dropFirst(3))) == texts(letter.headers))
  }

  @Test func attemptsAddUpOverRoundTrips() {
    let letter = DeadLetter(reason: "model-error", detail: "d", stage: .infer, source: source, attempts: 3, time: time)
    let first = letter.headers(after: [("trace", [1])])
    #expect(texts(first).contains("sentiment-attempts=3"))
    let second = letter.headers(after: first)
    #expect(texts(second).contains("sentiment-attempts=6"))
    #expect(second.count == first.count && second[0].name == "trace")
    for nonsense: [UInt8]? in [nil, [], Array("-3".utf8), Array("9999999999".utf8), [0xFF]] {
      #expect(texts(letter.headers(after: [("sentiment-attempts", nonsense)])).contains("sentiment-attempts=3"))
    }
  }

  @Test func theDetailIsOneBoundedLineOfUTF8() {
    let long = "a\nb\u{1B}" + String(repeating: "😀", count: 100)
    let letter = DeadLetter(reason: "r", detail: long, stage: .tokenise, source: source, time: time)
    #expect(letter.detail == "a b " + String(repeating: "😀", count: 63))
    #expect(letter.detail.utf8.count == DeadLetter.maximumDetailBytes)
  }
}
