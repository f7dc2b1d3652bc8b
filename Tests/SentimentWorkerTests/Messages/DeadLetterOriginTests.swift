import Telemetry
import Testing

@testable import SentimentWorker

@Suite("What a dead letter was before")
struct DeadLetterOriginTests {
  private func headers(_ values: [String: String]) -> [DeadLetter.Header] {
    values.map { (name: "sentiment-" + $0.key, value: Array($0.value.utf8)) }
  }

  @Test("the headers of a dead letter lead back to its source, however often it went round")
  func roundTrip() throws {
    let source = MessageSource(topic: "reviews", partition: 3, offset: 42, timestamp: 1_700_000_000_000)
    let own: [DeadLetter.Header] = [("lang", Array("en".utf8)), ("empty", nil)]
    var headers = own
    for attempts in 1...3 {
      let letter = DeadLetter(reason: "not-json", detail: "x", stage: .decode, source: source, time: .now())
      headers = letter.headers(after: headers)
      let origin = try #require(DeadLetterOrigin(headers, timestamp: 5))
      #expect(origin.source == source && origin.attempts == attempts && !origin.isValueOmitted)
      #expect(DeadLetter.original(headers).map(\.name) == ["lang", "empty"])
    }
  }

  @Test("without a time of its own in the headers, the record's counts")
  func noTime() {
    let plain = headers(["source-topic": "t", "source-partition": "0", "source-offset": "0"])
    #expect(DeadLetterOrigin(plain, timestamp: 5)?.source.timestamp == 5)
    #expect(DeadLetterOrigin(plain, timestamp: nil)?.source.timestamp == nil)
    #expect(DeadLetterOrigin(plain, timestamp: 5)?.attempts == 1)
  }

  @Test(
    "headers that make no sense are no origin",
    arguments: [
      [:], ["source-topic": "t"], ["source-topic": "t", "source-partition": "0"],
      ["source-topic": "", "source-partition": "0", "source-offset": "0"],
      ["source-topic": "t", "source-partition": "-1", "source-offset": "0"],
      ["source-topic": "t", "source-partition": "99999999999", "source-offset": "0"],
      ["source-topic": "t", "source-partition": "0", "source-offset": "-3"],
      ["source-topic": "t", "source-partition": "0", "source-offset": "1e3"],
    ] as [[String: String]])
  func senseless(values: [String: String]) { #expect(DeadLetterOrigin(headers(values), timestamp: 1) == nil) }

  @Test("a value that was left out")
  func omitted() {
    let omitted = headers(["source-topic": "t", "source-partition": "0", "source-offset": "0", "value-omitted": "99"])
    #expect(DeadLetterOrigin(omitted, timestamp: nil)?.isValueOmitted == true)
  }
}
