import Foundation
import Kafka
import TestSupport
import Testing

extension Stage {
  /// Arguments of a replay from this stage's input to its output.
  fileprivate func replayArguments(_ more: [String]) -> [String] {
    [
      "replay", "--brokers", servers, "--input-topic", input, "--output-topic", output, "--dead-letter-topic", deadLetter,
      "--kafka", "session.timeout.ms=6000", "--kafka", "heartbeat.interval.ms=500", "--stats-interval", "200ms",
    ] + more
  }

  fileprivate func replay(_ more: String..., environment: [String: String] = constantLabel) throws -> WorkerProcess {
    try start(replayArguments(more), environment: environment)
  }
}

/// `replay`: a bounded range, once.
struct ReplayTests {
  @Test(
    "a range is labelled once, dead letters included; done again it does nothing, begun again it does",
    arguments: Broker.available)
  func whole(broker: Broker) throws {
    try Stage.play(on: broker) { stage in
      let sent = try stage.feed(Message.reviews(200) + [Message(key: "bad", value: "no JSON")])
      let first = try stage.replay().finished()
      #expect(first.exit == .status(0))
      let words = try #require(first.output.last)
      #expect(words.contains("201 records") && words.contains("200 labelled, 1 dead-lettered; the range is done"), "\(words)")
      try stage.everything().expectNothingLost(of: sent)
      try stage.everything().expectNoDuplicates()

      // What came after the end was fixed is not of this job.
      let more = try stage.feed(Message.reviews(50, from: 200))
      let again = try stage.replay().finished()
      #expect(again.exit == .status(0))
      #expect(again.output.last?.contains("is done; --restart begins it again") == true, "\(again.output)")
      #expect(try stage.everything().results.count == 200)

      // The embedded broker refuses commits from outside of a group that had members.
      guard broker == .real else { return }
      let anew = try stage.replay("--restart", "--output", "json").finished()
      #expect(anew.exit == .status(0))
      let summary = try JSONLine(try #require(anew.output.last))
      #expect(try summary.int("records") == sent.count + more.count)
      #expect(summary["done"] as? Bool == true)
      #expect(try stage.everything().results.count == 450)
    }
  }

  @Test("bounds by partition and offset; a range without records ends at once", arguments: Broker.available)
  func bounds(broker: Broker) throws {
    try Stage.play(on: broker, partitions: 2) { stage in
      try stage.feed((0..<40).map { Message(value: #"{"text": "\#($0)"}"#, partition: Int32($0 % 2)) })
      let run = try stage.replay("--from", "0=5,1=18", "--to", "0=8,1=100").finished()
      #expect(run.exit == .status(0))
      let places = try Set(stage.everything().resultPlaces())
      let wanted = (5..<8).map { Place(partition: 0, offset: $0) } + (18..<20).map { Place(partition: 1, offset: $0) }
      #expect(places == Set(wanted))
      let empty = try stage.replay("--job", "empty", "--from", "20").finished()
      #expect(empty.exit == .status(0))
      #expect(empty.output.last?.hasPrefix("nothing to replay") == true, "\(empty.output)")
      let dry = try stage.replay("--job", "dry", "--from", "0=5", "--to", "0=8", "--dry-run").finished()
      #expect(dry.exit == .status(0))
      #expect(dry.output.contains { $0.contains("[0]: offsets 5 to 8, 3 records at most") }, "\(dry.output)")
      #expect(try stage.everything().results.count == 5)
    }
  }

  @Test("headers and samples choose records", arguments: Broker.available)
  func filters(broker: Broker) throws {
    try Stage.play(on: broker) { stage in
      let messages = Message.reviews(100).enumerated().map { number, message in
        var message = message
        message.headers = [Header("lang", number % 4 == 0 ? "en" : "de")]
        return message
      }
      let sent = try stage.feed(messages)
      let run = try stage.replay("--where", "lang=en", "--output", "json").finished()
      let summary = try JSONLine(try #require(run.output.last))
      #expect(try summary.int("labelled") == 25 && summary.int("left_out") == 75)
      let wanted = sent.filter { $0.message.headers.first?.value == Array("en".utf8) }.map(\.place)
      #expect(try Set(stage.everything().resultPlaces()) == Set(wanted))
    }
  }

  @Test("several topics are one job", arguments: Broker.available)
  func topics(broker: Broker) throws {
    try Stage.play(on: broker, partitions: 2) { stage in
      let other = stage.input + "-eu"
      try Topics.create([(other, 3)], on: stage.servers, embedded: stage.cluster)
      try stage.feed(Message.reviews(30))
      _ = try Topics.produce(Message.reviews(20, from: 30), to: other, on: stage.servers)
      let run = try stage.replay("--and-topic", other, "--to", "\(other):0=2,\(other):1=2,0=100,1=100").finished()
      #expect(run.exit == .status(0))
      let results = try stage.everything().results.map { try ResultRecord($0).source }
      #expect(results.filter { $0.topic == stage.input }.count == 30)
      // Of the other topic two partitions to offset 2, and none of the third, which is not named.
      #expect(results.filter { $0.topic == other }.allSatisfy { $0.partition < 2 && $0.offset < 2 })
      #expect(results.count == 34)
    }
  }

  @Test("dead letters go round as what they were, until they were tried too often", arguments: Broker.available)
  func deadLetters(broker: Broker) throws {
    try Stage.play(on: broker) { stage in
      let good = (0..<20).map {
        Message(
          key: "key-\($0)", value: #"{"body": "A fine film, number \#($0)"}"#, headers: [Header("lang", "en")],
          timestamp: 1_700_000_000_000 + Int64($0))
      }
      let sent = try stage.feed(good + [Message(key: "bad", value: "no JSON")])
      // A look at the wrong place, which is then put right.
      #expect(try stage.replay().finished().output.last?.contains("0 labelled, 21 dead-lettered") == true)
      func round(_ words: String) throws {
        let run = try stage.replay("--from-dead-letter", "--text-pointer", "/body", "--max-attempts", "3").finished()
        #expect(run.exit == .status(0))
        #expect(run.output.last?.contains(words) == true, "\(run.output)")
      }
      try round("20 labelled, 1 dead-lettered")
      let outcomes = try stage.everything()
      #expect(outcomes.deadLetters.count == 22)
      #expect(try Set(outcomes.resultPlaces()) == Set(sent.dropLast().map(\.place)))
      for record in outcomes.results {
        let source = try ResultRecord(record).source
        let message = try #require(sent.first { $0.place == source.place }).message
        #expect(source.topic == stage.input && source.timestamp == message.timestamp)
        #expect(record.key == message.key && record.headers == message.headers && record.timestamp == message.timestamp)
      }
      // The embedded broker refuses commits from outside of a group that had members.
      guard broker == .real else { return }
      try round("0 labelled, 1 dead-lettered")
      try round("0 labelled, 0 dead-lettered, 1 left out")
      try round("nothing to replay")
      let letters = try stage.everything().deadLetters.filter { $0.key == Array("bad".utf8) }
      #expect(Set(letters.compactMap { $0.header("sentiment-attempts") }) == [Array("1".utf8), Array("2".utf8), Array("3".utf8)])
      for letter in letters { #expect(try DeadLetterHeaders(letter).topic == stage.input) }
    }
  }

  @Test("labels are compared with those before, again and again", arguments: Broker.available)
  func comparison(broker: Broker) throws {
    try Stage.play(on: broker) { stage in
      let now = stage.output + "-v2"
      try Topics.create([(now, 4)], on: stage.servers, embedded: stage.cluster)
      try stage.feed(Message.reviews(50) + [Message(key: "bad", value: "no JSON")])
      #expect(try stage.replay("--to", "3").finished().exit == .status(0))
      let before = try stage.everything().results.count
      var arguments = ["--output-topic", now, "--compare-with", stage.output, "--examples", "2", "--show-text"]
      let negative = constantLabel.mapValues { $0 == "Positive" ? "Negative" : $0 }
      let run = try stage.start(stage.replayArguments(arguments), environment: negative).finished()
      #expect(run.exit == .status(0))
      let text = run.output.joined(separator: "\n")
      for words in [
        "\(before) records have a label in both", "0 only in \(stage.output), \(50 - before) only in \(now)",
        "\(before) labels changed (100.00 %)", "Positive → Negative: \(before) (100.00 %)", "      Film number ",
      ] { #expect(text.contains(words), "\(words) is not in\n\(text)") }
      // Done as it is, the job tells once more.
      arguments += ["--output", "json"]
      let again = try stage.start(stage.replayArguments(arguments), environment: negative).finished()
      let json = try JSONLine(try #require(again.output.last))
      #expect(try json.int("comparison.changed") == before && json.int("records") == 0)
      #expect(try json.int("comparison.only_now") == 50 - before)
    }
  }

  @Test("mistakes are told before anything is read")
  func mistakes() throws {
    for (arguments, words) in [
      (["--from", "yesterday"], "--from"), (["--sample", "2/3"], "1/N"), (["--job", "a b"], "--job"),
      (["--compare-with", "o"], "both o"),
      (["--compare-with", "p", "--output-format", "enrich"], "result"), (["--and-topic", "o"], "--and-topic"),
      (["--from-dead-letter", "--and-topic", "p"], "--from-dead-letter"),
    ] {
      let run = try Program.run(["replay", "--brokers", "b:1", "--input-topic", "i", "--output-topic", "o"] + arguments)
      #expect(run.exit == .status(2))
      #expect(try run.onlyMessage().contains(words))
    }
  }
}

/// What only a real Kafka shows of a replay.
@Suite(.enabled(if: RealKafka.servers != nil, "SENTIMENT_TEST_KAFKA names no real Kafka"))
struct ReplayOnRealKafkaTests {
  @Test("the end is the last stable offset, whatever transactions leave in the log, and whoever goes on writing")
  func transactions() throws {
    try Stage.play(on: .real, partitions: 1) { stage in
      let producer = try Producer(
        configuration: KafkaConfiguration(["bootstrap.servers": stage.servers, "transactional.id": "writer-\(stage.input)"]))
      defer { producer.close(flushTimeout: .zero) { _ in } }
      func send(_ numbers: Range<Int>) throws {
        for number in numbers {
          try producer.send(to: stage.input, partition: 0, key: nil, value: Array(#"{"text": "\#(number)"}"#.utf8))
        }
        try producer.flush(timeout: .seconds(30)) { _ in }
      }
      try producer.initTransactions(timeout: .seconds(30))
      try producer.beginTransaction()
      try send(0..<10)
      try producer.commitTransaction { _ in }
      try producer.beginTransaction()
      try send(10..<15)
      try producer.abortTransaction { _ in }
      try producer.beginTransaction()
      try send(15..<20)
      let run = try stage.replay("--delivery", "exactly-once").finished()
      #expect(run.exit == .status(0))
      #expect(run.output.last?.contains("10 labelled") == true, "\(run.output)")
      // The range ends behind an aborted transaction, of which no reader sees anything: done, all the same.
      #expect(try stage.replay("--delivery", "exactly-once").finished().output.last?.contains("is done") == true)
      try producer.commitTransaction { _ in }
      #expect(try stage.replay("--job", "later", "--from", "10").finished().output.last?.contains("5 labelled") == true)
    }
  }

  @Test("records that were deleted from the beginning are not waited for", .enabled(if: KafkaTools.isThere))
  func deleted() throws {
    try Stage.play(on: .real, partitions: 1) { stage in
      try stage.feed(Message.reviews(50))
      try withTemporaryDirectory { directory in
        let file = directory.appendingPathComponent("delete.json")
        try #"{"version": 1, "partitions": [{"topic": "\#(stage.input)", "partition": 0, "offset": 20}]}"#
          .write(to: file, atomically: true, encoding: .utf8)
        try KafkaTools.run("delete-records", ["--offset-json-file", file.path])
      }
      let run = try stage.replay("--from", "5").finished()
      #expect(run.exit == .status(0))
      #expect(run.output.last?.contains("30 labelled") == true, "\(run.output)")
    }
  }

  @Test("several processes share a range, producers go on, live workers are not disturbed")
  func shared() throws {
    try withTemporaryDirectory { directory in
      try Stage.play(on: .real) { stage in
        let environment = constantLabel.merging(["SENTIMENT_DELIVERY_STATE_DIRECTORY": directory.path]) { $1 }
        let sent = try stage.feed(Message.reviews(2000))
        let options = ["--delivery", "exactly-once", "--max-rate", "300"]
        let replays = try (0..<2).map { _ in try stage.start(stage.replayArguments(options), environment: environment) }
        try replays[0].waitForLog("partitions assigned")
        try stage.feed(Message.reviews(500, from: 2000))
        for replay in replays { #expect(try replay.waitForExit() == .status(0)) }
        let outcomes = try stage.everything()
        #expect(outcomes.results.count == sent.count)
        try outcomes.expectNothingLost(of: sent)
        #expect(try stage.committed().isEmpty)
      }
    }
  }

  /// `SENTIMENT_TEST_REPLAY=100000,10` has so many records and kills.
  private static let size: (records: Int, kills: Int) = {
    let words = ProcessInfo.processInfo.environment["SENTIMENT_TEST_REPLAY"]?.split(separator: ",").compactMap { Int($0) } ?? []
    return words.count == 2 ? (words[0], words[1]) : (5000, 3)
  }()

  @Test("killed again and again at any moment, and run again: exactly once, each result is there once")
  func killed() throws {
    try withTemporaryDirectory { directory in
      try Stage.play(on: .real) { stage in
        let environment = constantLabel.merging(["SENTIMENT_DELIVERY_STATE_DIRECTORY": directory.path]) { $1 }
        var random = SeededRandom(seed: UInt64.random(in: 0 ... .max))
        let sent = try stage.feed(Message.reviews(Self.size.records))
        // So slow that it cannot be done before the last kill.
        let rate = Self.size.records / (Self.size.kills * 2)
        let arguments = stage.replayArguments(["--delivery", "exactly-once", "--max-rate", "\(rate)"])
        for _ in 0..<Self.size.kills {
          let victim = try stage.start(arguments, environment: environment)
          try victim.waitForLog("partitions assigned")
          // Any moment of the next second and a half.
          Thread.sleep(forTimeInterval: Double.random(in: 0...1.5, using: &random))
          victim.kill()
          #expect(try victim.waitForExit() == .signal(SIGKILL))
        }
        let last = try stage.replay("--delivery", "exactly-once", environment: environment).finished()
        #expect(last.exit == .status(0), "\(last.everything)")
        let outcomes = try stage.everything()
        #expect(outcomes.results.count == sent.count)
        try outcomes.expectNothingLost(of: sent)
        try outcomes.expectNoDuplicates()
      }
    }
  }
}
