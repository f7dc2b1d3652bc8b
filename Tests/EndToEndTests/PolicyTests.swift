import Foundation
import Kafka
import Testing

/// What becomes of messages that cannot be labelled, by the policy of their kind, and of batches that make the model fail.
struct PolicyTests {
  private static let quickRetries = ["SENTIMENT_RETRY_INITIAL_BACKOFF": "1ms", "SENTIMENT_RETRY_MAX_BACKOFF": "5ms"]

  private func environment(_ settings: [String: String]) -> [String: String] {
    constantLabel.merging(settings) { $1 }
  }

  @Test("skipped messages leave no record, are counted, and are committed", arguments: Broker.available)
  func skip(broker: Broker) throws {
    try Stage.play(on: broker, partitions: 1) { stage in
      var messages = Message.reviews(20)
      messages.insert(Message(key: "bad", value: "not JSON"), at: 7)
      messages.append(Message(key: "gone", value: nil))
      messages.append(Message(key: "last", value: #"{"text": " "}"#))
      try stage.feed(messages)
      let worker = try stage.launch(
        environment: environment([
          "SENTIMENT_UNUSABLE_NOT_JSON": "skip", "SENTIMENT_UNUSABLE_TOMBSTONE": "skip", "SENTIMENT_UNUSABLE_EMPTY_TEXT": "skip",
        ]))
      try worker.waitForStats { try $0.int("records_since_start.resolved") == messages.count }
      worker.send(SIGTERM)
      let run = try worker.finished()
      #expect(run.exit == .status(0))
      #expect(try stage.committed() == [0: Int64(messages.count)])
      let outcomes = try stage.everything()
      #expect(outcomes.results.count == 20 && outcomes.deadLetters.isEmpty)
      let summary = try JSONLine(try #require(run.output.last))
      #expect(try summary.int("records.skipped") == 3)
      for reason in ["not-json", "tombstone", "blank"] { #expect(try summary.int("skips.\(reason)") == 1) }
    }
  }

  @Test("messages that pass through keep bytes, key, headers, timestamp and order", arguments: Broker.available)
  func passThrough(broker: Broker) throws {
    try Stage.play(on: broker, partitions: 1) { stage in
      let odd = Message(
        key: "odd", value: #"{"body": 1.00}"#, headers: [Header("trace", "a"), Header("null", nil)], timestamp: 1_700_000_000_000)
      let sent = try stage.feed(Message.reviews(5) + [odd] + Message.reviews(5, from: 5))
      let worker = try stage.launch(environment: environment(["SENTIMENT_UNUSABLE_TEXT_MISSING": "pass-through"]))
      let reader = try stage.reader()
      try reader.read(count: sent.count)
      worker.send(SIGTERM)
      let run = try worker.finished()
      #expect(run.exit == .status(0))
      let passed = reader.records[5]
      #expect(passed.topic == stage.output && passed.key == odd.key && passed.value == odd.value)
      #expect(passed.headers == odd.headers && passed.timestamp == odd.timestamp)
      #expect(try JSONLine(try #require(run.output.last)).int("pass_throughs.field-missing") == 1)
    }
  }

  @Test("fail ends the worker before the message; what came before it is finished and committed", arguments: Broker.available)
  func fail(broker: Broker) throws {
    try Stage.play(on: broker, partitions: 1) { stage in
      let before = Message.reviews(300)
      try stage.feed(before + [Message(key: "bad", value: #"{"text": ""}"#)] + Message.reviews(5, from: 300))
      let worker = try stage.launch(environment: environment(["SENTIMENT_UNUSABLE_EMPTY_TEXT": "fail"]))
      let run = try worker.finished()
      #expect(run.exit == .status(7))
      let message = try run.onlyMessage()
      for words in ["topic \(stage.input), partition 0, offset 300", "blank", "unusable.empty-text"] {
        #expect(message.contains(words), "\(message)")
      }
      #expect(try stage.committed() == [0: 300])
      let outcomes = try stage.everything()
      #expect(outcomes.results.count == before.count && outcomes.deadLetters.isEmpty)

      // With another policy the next worker goes on from there.
      let next = try stage.launch()
      try next.waitForStats { try $0.int("records_since_start.resolved") == 6 }
      next.send(SIGTERM)
      #expect(try next.finished().exit == .status(0))
      #expect(try stage.committed() == [0: 306])
    }
  }

  @Test("texts that make the model fail are dead-lettered with their attempts, and no others", arguments: Broker.available)
  func guilty(broker: Broker) throws {
    try Stage.play(on: broker) { stage in
      var messages = Message.reviews(400)
      for index in stride(from: 3, to: 400, by: 97) { messages[index].value = Array(#"{"text": "a MARKED review"}"#.utf8) }
      let guilty = messages.filter { $0.value?.contains(UInt8(ascii: "M")) == true }
      let sent = try stage.feed(messages)
      let worker = try stage.launch(
        environment: environment(Self.quickRetries).merging(
          ["SENTIMENT_TEST_FAIL_MARKER": "MARKED", "SENTIMENT_RETRY_MAX_ATTEMPTS": "4"]) { $1 })
      try stage.reader().read(count: sent.count)
      worker.send(SIGTERM)
      let run = try worker.finished()
      #expect(run.exit == .status(0))
      let outcomes = try stage.everything()
      try outcomes.expectNothingLost(of: sent)
      try outcomes.expectNoDuplicates()
      try outcomes.expectOrder()
      #expect(Set(outcomes.deadLetters.map(\.key)) == Set(guilty.map(\.key)))
      for letter in outcomes.deadLetters {
        let headers = try DeadLetterHeaders(letter)
        #expect(headers.reason == "model-error" && headers.stage == "infer")
        #expect(letter.header("sentiment-attempts") == Array("4".utf8))
      }
      #expect(try JSONLine(try #require(run.output.last)).int("errors.label") >= guilty.count * 4)
    }
  }

  @Test("failures of the model that pass cost no label")
  func passing() throws {
    try Stage.play { stage in
      let sent = try stage.feed(Message.reviews(2000))
      let worker = try stage.launch(
        ["--lanes", "2"],
        environment: environment(Self.quickRetries).merging(
          ["SENTIMENT_TEST_FAIL_EVERY": "3", "SENTIMENT_RETRY_MAX_ATTEMPTS": "10"]) { $1 })
      try stage.reader().read(count: sent.count)
      worker.send(SIGTERM)
      let run = try worker.finished()
      #expect(run.exit == .status(0))
      let outcomes = try stage.everything()
      try outcomes.expectNothingLost(of: sent)
      try outcomes.expectOrder()
      #expect(outcomes.deadLetters.isEmpty)
      #expect(try JSONLine(try #require(run.output.last)).int("errors.label") > 0)
    }
  }

  @Test("attempts add up when a dead letter is sent round again")
  func roundTrip() throws {
    try Stage.play(partitions: 1) { stage in
      let worker = try stage.launch()
      let reader = try stage.reader()
      try stage.feed([Message(key: "bad", value: "not JSON")])
      try reader.read(count: 1)
      let letter = reader.records[0]
      try stage.feed([Message(key: letter.key, bytes: letter.value, headers: letter.headers)])
      try reader.read(count: 2)
      let second = reader.records[1]
      #expect(second.header("sentiment-attempts") == Array("2".utf8))
      #expect(second.headers.count == letter.headers.count && second.value == letter.value)
      worker.send(SIGTERM)
      #expect(try worker.finished().exit == .status(0))
    }
  }
}
