import Foundation
import Kafka
import Testing

/// What comes out for each record, with a constant label in the model's place.
struct RecordTests {
  @Test("every record becomes a result with its key, headers, timestamp and source", arguments: Broker.available)
  func results(broker: Broker) throws {
    try Stage.play(on: broker) { stage in
      let headers = [
        Header("plain", "text"), Header("null", nil), Header("twice", "first"), Header("twice", "second"), Header("empty", []),
        Header("binary", [0, 255, 10, 13, 128]), Header("ünïcode", "ä"),
      ]
      let messages = (0..<400).map { number in
        var message = Message.reviews(1, from: number)[0]
        // Few keys, so that the order within a key is put to the test; some are no text.
        message.key = number % 5 == 0 ? [0, 255, UInt8(number % 7)] : Array("key-\(number % 11)".utf8)
        if number % 3 == 0 { message.headers = headers }
        message.timestamp = 1_600_000_000_000 + Int64(number) * 1001
        return message
      }
      let sent = try stage.feed(messages)
      #expect(Set(sent.map(\.place.partition)) == [0, 1, 2, 3], "the test's keys do not reach every partition")
      let worker = try stage.launch()
      try stage.reader().read(count: sent.count)
      worker.send(SIGTERM)
      #expect(try worker.waitForExit() == .status(0))

      let outcomes = try stage.everything()
      #expect(outcomes.deadLetters.isEmpty)
      try #require(outcomes.results.count == sent.count)
      try outcomes.expectNothingLost(of: sent)
      try outcomes.expectNoDuplicates()
      try outcomes.expectOrder()
      let bySource = Dictionary(uniqueKeysWithValues: sent.map { ($0.place, $0.message) })
      for record in outcomes.results {
        let result = try ResultRecord(record)
        let message = try #require(bySource[result.source.place])
        #expect(record.key == message.key)
        #expect(record.headers == message.headers)
        #expect(record.timestamp == message.timestamp)
        #expect(record.partition == result.source.partition, "as many partitions, the same partitioner: the same partition")
        #expect(result.source.topic == stage.input)
        #expect(result.source.timestamp == message.timestamp)
        #expect(result.version == 1)
        #expect(result.label == "Positive" && result.confidence == 1 && result.probabilities == ["Positive": 1])
        #expect(result.tokens == 0 && !result.truncated)
        #expect(result.model.name == "constant" && result.model.precision == "none" && !result.model.fingerprint.isEmpty)
      }
      let ends = Dictionary(sent.map { ($0.place.partition, $0.place.offset + 1) }, uniquingKeysWith: max)
      #expect(try stage.committed() == ends, "everything that was acknowledged is committed")
    }
  }

  @Test("records without a key keep their partition's order", arguments: Broker.available)
  func withoutKeys(broker: Broker) throws {
    try Stage.play(on: broker, outputPartitions: 3) { stage in
      let sent = try stage.feed(
        Message.reviews(600).enumerated().map { number, message in
          var message = message
          message.key = nil
          message.partition = Int32(number % 4)
          return message
        })
      let worker = try stage.launch()
      try stage.reader().read(count: sent.count)
      worker.send(SIGTERM)
      #expect(try worker.waitForExit() == .status(0))
      let outcomes = try stage.everything()
      try outcomes.expectNothingLost(of: sent)
      try outcomes.expectNoDuplicates()
      try outcomes.expectOrder()
      for record in outcomes.results {
        #expect(record.key == nil)
        #expect(record.partition == (try ResultRecord(record).source.partition) % 3)
      }
    }
  }

  @Test("plain text is labelled as it is")
  func plainText() throws {
    try Stage.play { stage in
      let sent = try stage.feed([
        Message(key: "a", value: "A wonderful film."), Message(key: "b", value: #"{"text": "also plain"}"#),
        Message(key: [98], bytes: [0xFF, 0xFE]),
      ])
      _ = try stage.launch(["--format", "text"])
      let reader = try stage.reader()
      try reader.read(count: sent.count)
      let outcomes = reader.outcomes(output: stage.output)
      try outcomes.expectNothingLost(of: sent)
      #expect(try outcomes.deadLetters.map { try DeadLetterHeaders($0).reason } == ["not-utf8"])
    }
  }

  @Test("enriching keeps every byte of the message", arguments: Broker.available)
  func enriching(broker: Broker) throws {
    let heads = [
      #"{"text":"short""#, #" {  "price" : 1.00, "huge": 1e400, "tiny": -0.0e-999 , "text" : "a \u0041\n film""#,
      "\t{\r\n\"text\":\"x\",\"big\":123456789012345678901234567890,\"dup\":1,\"dup\":2,\"nested\":{\"a\":[1, 2.50 ,{}]} \n",
      #"{"text":"ünïcode 🎬 \ud83c\udfac","a":null,"b":true,"escaped\u0020key":"\/""#,
    ]
    try Stage.play(on: broker) { stage in
      let messages = heads.enumerated().flatMap { number, head in
        [Message(key: "\(number)", value: head + "}"), Message(key: "\(number) space", value: head + "  }\n ")]
      }
      let sent = try stage.feed(messages)
      _ = try stage.launch(["--output-format", "enrich"])
      let reader = try stage.reader()
      try reader.read(count: sent.count)
      let outcomes = reader.outcomes(output: stage.output)
      #expect(outcomes.deadLetters.isEmpty)
      for record in outcomes.results {
        let original = try #require(messages.first { $0.key == record.key }?.value)
        let value = try #require(record.value)
        // The member is spliced in behind the last one: what is before and behind it must be the message, byte for byte.
        let member = Array(#","sentiment":{"#.utf8)
        let start = try #require(value.lastIndex(of: member), "\(String(decoding: value, as: UTF8.self))")
        let tail = Array(original[start...])
        #expect(Array(value[..<start]) == Array(original[..<start]))
        #expect(Array(value.suffix(tail.count)) == tail)
        let spliced = String(decoding: value[(start + 1)..<(value.count - tail.count)], as: UTF8.self)
        let sentiment = try JSONLine("{\(spliced)}")
        #expect(try sentiment.string("sentiment.label") == "Positive")
        #expect(try sentiment.int("sentiment.version") == 1)
        #expect(try sentiment.string("sentiment.model.name") == "constant")
      }
    }
  }
}

extension [UInt8] {
  /// Where `pattern` begins for the last time.
  fileprivate func lastIndex(of pattern: [UInt8]) -> Int? {
    guard count >= pattern.count else { return nil }
    return (0...(count - pattern.count)).last { self[$0..<$0 + pattern.count].elementsEqual(pattern) }
  }
}
