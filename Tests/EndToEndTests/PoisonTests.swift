import Foundation
import Kafka
import Testing

/// Messages that cannot be labelled, among good ones.
struct PoisonTests {
  struct Poison {
    var name: String
    var value: [UInt8]
    var reason: String

    init(_ name: String, _ value: [UInt8], _ reason: String) {
      self.name = name
      self.value = value
      self.reason = reason
    }
    init(_ name: String, _ value: String, _ reason: String) { self.init(name, Array(value.utf8), reason) }
  }

  static let poison: [Poison] = [
    .init("plain text", "not JSON at all", "not-json"),
    .init("cut off", #"{"text": "no end"#, "not-json"),
    .init("two documents", #"{"text": "a"} {"text": "b"}"#, "not-json"),
    .init("nothing", "", "not-json"),
    .init("NaN", #"{"text": NaN}"#, "not-json"),
    .init("other field", #"{"body": "text"}"#, "field-missing"),
    .init("array", "[1, 2]", "field-missing"),
    .init("number", #"{"text": 42}"#, "not-a-string"),
    .init("null", #"{"text": null}"#, "not-a-string"),
    .init("object", #"{"text": {"text": "inner"}}"#, "not-a-string"),
    .init("invalid UTF-8", Array(#"{"text": ""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8), "not-utf8"),
    .init("encoded surrogate", Array(#"{"text": ""#.utf8) + [0xED, 0xA0, 0x80] + Array(#""}"#.utf8), "not-utf8"),
    .init("lone surrogate", #"{"text": "half \ud83c of one"}"#, "lone-surrogate"),
    .init("reversed surrogates", #"{"text": "\udfac\ud83c"}"#, "lone-surrogate"),
    .init("empty", #"{"text": ""}"#, "blank"),
    .init("blank", #"{"text": " \t\u00a0\u2003\n"}"#, "blank"),
    .init("brackets", String(repeating: "[", count: 100_000), "too-deep"),
    .init("braces", #"{"text": "deep", "x": "# + String(repeating: #"{"a":"#, count: 100_000), "too-deep"),
    .init("too large", #"{"text": ""# + String(repeating: "long ", count: 20_000) + #""}"#, "too-large"),
  ]

  @Test("each is dead-lettered as it came, with its own reason, and the worker goes on", arguments: Broker.available)
  func everyKind(broker: Broker) throws {
    let headers = [Header("trace", "abc"), Header("null", nil), Header("trace", "def"), Header("binary", [0, 255])]
    // Brackets are to be found too deep, not too large.
    let limit = 600_000
    try Stage.play(on: broker) { stage in
      var messages: [Message] = []
      for (number, poison) in Self.poison.enumerated() {
        messages += Message.reviews(10, from: number * 10)
        let value = poison.reason == "too-large" ? poison.value + Array(repeating: UInt8(ascii: " "), count: limit) : poison.value
        messages.append(
          Message(key: Array(poison.name.utf8), bytes: value, headers: headers, timestamp: 1_700_000_000_000 + Int64(number)))
      }
      messages.append(Message(key: Array("tombstone".utf8), bytes: nil, headers: headers, timestamp: 1_700_000_000_999))
      messages += Message.reviews(10, from: 1000)
      let sent = try stage.feed(messages)

      let worker = try stage.launch(environment: constantLabel.merging(["SENTIMENT_INPUT_MAX_BYTES": "\(limit)"]) { $1 })
      let reader = try stage.reader()
      try reader.read(count: sent.count)
      // Still there for what comes next.
      let later = try stage.feed(Message.reviews(20, from: 2000))
      try reader.read(count: sent.count + later.count)
      worker.send(SIGTERM)
      let run = try worker.finished()
      #expect(run.exit == .status(0))

      let outcomes = try stage.everything()
      try expectPassedThrough(outcomes, headers)
      try expectDeadLetters(outcomes, of: sent, from: stage.input, headers)
      try outcomes.expectNoDuplicates()
      try outcomes.expectOrder()
      let good = Set((sent + later).filter { $0.message.headers.isEmpty }.map(\.place))
      #expect(Set(try outcomes.resultPlaces()) == good, "every good one is labelled")

      let summary = try JSONLine(try #require(run.output.last))
      #expect(try summary.int("records.dead_lettered") == Self.poison.count)
      #expect(try summary.int("records.passed_through") == 1)
      #expect(try summary.int("records.labelled") == good.count)
      for (reason, poison) in Dictionary(grouping: Self.poison, by: \.reason) {
        #expect(try summary.int("dead_letters.\(reason)") == poison.count, "\(reason)")
      }
    }
  }

  private func expectPassedThrough(_ outcomes: Outcomes, _ headers: [Header]) throws {
    let tombstones = outcomes.results.filter(\.isTombstone)
    #expect(tombstones.count == 1)
    let tombstone = try #require(tombstones.first)
    #expect(tombstone.key == Array("tombstone".utf8))
    #expect(tombstone.headers == headers)
    #expect(tombstone.timestamp == 1_700_000_000_999)
  }

  private func expectDeadLetters(_ outcomes: Outcomes, of sent: [Sent], from topic: String, _ headers: [Header]) throws {
    #expect(outcomes.deadLetters.count == Self.poison.count)
    for poison in Self.poison {
      let key = Array(poison.name.utf8)
      let original = try #require(sent.first { $0.message.key == key })
      let letter = try #require(outcomes.deadLetters.first { $0.key == key }, "\(poison.name) has no dead letter")
      let description = try DeadLetterHeaders(letter)
      #expect(description.reason == poison.reason, "\(poison.name)")
      #expect(letter.value == original.message.value, "\(poison.name): its bytes are unchanged")
      #expect(description.original == headers, "\(poison.name)")
      #expect(letter.timestamp == original.message.timestamp, "\(poison.name)")
      #expect(description.place == original.place, "\(poison.name)")
      #expect(description.topic == topic && description.stage == "decode", "\(poison.name)")
      let detail = try #require(letter.header("sentiment-detail"))
      #expect(detail.count <= 256 && !detail.isEmpty)
      #expect(letter.header("sentiment-attempts") == Array("1".utf8))
      #expect(letter.header("sentiment-source-timestamp") == Array(String(original.message.timestamp ?? 0).utf8))
      #expect(letter.header("sentiment-time") != nil)
    }
  }
}
