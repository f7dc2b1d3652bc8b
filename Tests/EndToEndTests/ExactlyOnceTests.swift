import Foundation
import Kafka
import Testing

/// `--delivery exactly-once` on a real Kafka: every message has one outcome that a `read_committed` reader sees, whatever
/// happens to the workers.
@Suite(.enabled(if: RealKafka.servers != nil, "SENTIMENT_TEST_KAFKA names no real Kafka, which transactions need"))
struct ExactlyOnceTests {
  /// Few records in flight, in short transactions, so that thousands take seconds on any machine.
  private static let slow = constantLabel.merging(["SENTIMENT_BATCH_MAX_IN_FLIGHT_RECORDS": "100"]) { $1 }

  private func launch(_ stage: Stage, _ directory: URL, _ more: [String] = []) throws -> WorkerProcess {
    try stage.launch(
      ["--delivery", "exactly-once", "--kafka", "linger.ms=20"] + more,
      environment: Self.slow.merging(["SENTIMENT_DELIVERY_STATE_DIRECTORY": directory.path]) { $1 })
  }

  private static let messages = 3000

  /// A tenth of them cannot be labelled.
  private static func mixed(_ count: Int, from first: Int = 0) -> [Message] {
    Message.reviews(count, from: first).enumerated().map { number, message in
      number % 10 == 3 ? Message(key: "key-\(first + number)", value: "poison \(first + number)") : message
    }
  }

  /// Stops the workers and looks at everything they wrote.
  private func expectEachOnce(_ stage: Stage, _ sent: [Sent], stopping workers: WorkerProcess...) throws {
    for worker in workers { worker.send(SIGTERM) }
    for worker in workers { #expect(try worker.waitForExit() == .status(0)) }
    let outcomes = try stage.everything()
    try outcomes.expectNothingLost(of: sent)
    try outcomes.expectNoDuplicates()
    try outcomes.expectOrder()
    var ends: [Int32: Int64] = [:]
    for place in sent.map(\.place) { ends[place.partition] = max(ends[place.partition] ?? 0, place.offset + 1) }
    #expect(try stage.committed() == ends)
  }

  @Test("one worker: results, dead letters and tombstones once, in order; stats count the transactions")
  func plain() throws {
    try withTemporaryDirectory { directory in
      try Stage.play(on: .real) { stage in
        let worker = try launch(stage, directory)
        let sent = try stage.feed(Self.mixed(500))
        try stage.reader().read(outcomesOf: sent)
        let line = try worker.waitForStats { try $0.int("records_since_start.resolved") == sent.count }
        #expect(try line.int("records_since_start.dead_lettered") == 50)
        try expectEachOnce(stage, sent, stopping: worker)
        let summary = try JSONLine(try #require(try worker.finished().output.last))
        #expect(try summary.int("transactions.committed") > 0)
        #expect(try summary.int("transactions.aborted") == 0)
      }
    }
  }

  @Test("kill -9 and restart, again and again")
  func kill() throws {
    try withTemporaryDirectory { directory in
      try Stage.play(on: .real) { stage in
        let other = try launch(stage, directory)
        var victim = try launch(stage, directory)
        let sent = try stage.feed(Self.mixed(Self.messages))
        let reader = try stage.reader()
        for round in 1...3 {
          try reader.read(count: Self.messages * round / 5)
          victim.kill()
          #expect(try victim.waitForExit() == .signal(SIGKILL))
          victim = try launch(stage, directory)
        }
        try reader.read(outcomesOf: sent)
        try expectEachOnce(stage, sent, stopping: other, victim)
      }
    }
  }

  @Test("the transaction of a killed worker does not hold readers up longer than its restart takes")
  func successor() throws {
    try withTemporaryDirectory { directory in
      try Stage.play(on: .real) { stage in
        // Its first transaction stays open until it is killed.
        let victim = try stage.launch(
          ["--delivery", "exactly-once", "--kafka", "transaction.timeout.ms=600000"],
          environment: constantLabel.merging([
            "SENTIMENT_DELIVERY_STATE_DIRECTORY": directory.path, "SENTIMENT_DELIVERY_TRANSACTION_INTERVAL": "500s",
          ]) { $1 })
        let sent = try stage.feed(Message.reviews(100))
        try victim.waitForStats { try $0.int("in_flight.records") == 100 && $0.int("waiting.records") == 0 }
        let id = try victim.waitForLog("transactional_id")
        victim.kill()
        _ = try victim.waitForExit()
        let heir = try launch(stage, directory)
        #expect(try Self.id(in: heir.waitForLog("transactional_id")) == Self.id(in: id))
        try stage.reader().read(outcomesOf: sent)
        try expectEachOnce(stage, sent, stopping: heir)
      }
    }
  }

  private static func id(in line: String) -> Substring? {
    line.split(separator: " ").first { $0.hasPrefix("transactional_id=") }
  }

  @Test("workers that join and leave under load", arguments: ["range", "cooperative-sticky"])
  func scaling(strategy: String) throws {
    func launch(_ stage: Stage, _ directory: URL) throws -> WorkerProcess {
      try self.launch(stage, directory, ["--kafka", "partition.assignment.strategy=\(strategy)"])
    }
    try withTemporaryDirectory { directory in
      try Stage.play(on: .real) { stage in
        let first = try launch(stage, directory)
        try first.waitForLog("partitions assigned")
        var sent = try stage.feed(Self.mixed(Self.messages))
        let reader = try stage.reader()
        try reader.read(count: 200)
        let second = try launch(stage, directory)
        try first.waitForLog("partitions revoked")
        sent += try stage.feed(Self.mixed(1000, from: Self.messages))
        try second.waitForStats { try $0.int("records_since_start.resolved") > 100 }
        first.send(SIGTERM)
        #expect(try first.waitForExit() == .status(0))
        let third = try launch(stage, directory)
        try reader.read(outcomesOf: sent)
        try expectEachOnce(stage, sent, stopping: second, third)
      }
    }
  }

  @Test("a worker that was stopped beyond its session comes back and repeats nothing")
  func zombie() throws {
    try withTemporaryDirectory { directory in
      try Stage.play(on: .real) { stage in
        let first = try launch(stage, directory)
        try first.waitForLog("partitions assigned")
        let sent = try stage.feed(Self.mixed(Self.messages))
        let reader = try stage.reader()
        try reader.read(count: 200)
        let second = try launch(stage, directory)
        try second.waitForLog("partitions assigned")
        first.send(SIGSTOP)
        // The session ends after 6 s, and the second gets everything.
        try second.errors.wait(for: "all four partitions") { $0.contains("partitions assigned") && $0.contains("[0, 1, 2, 3]") }
        first.send(SIGCONT)
        try first.waitForLog("partitions lost")
        try reader.read(outcomesOf: sent)
        try expectEachOnce(stage, sent, stopping: first, second)
      }
    }
  }

  @Test("two workers with one transactional id: the older ends with a message of its own")
  func fenced() throws {
    try withTemporaryDirectory { directory in
      try Stage.play(on: .real) { stage in
        let id = ["SENTIMENT_DELIVERY_TRANSACTIONAL_ID": "the-same-\(stage.group)-${HOSTNAME}"]
        func launch(_ name: String) throws -> WorkerProcess {
          let place = directory.appendingPathComponent(name).path
          return try stage.launch(
            ["--delivery", "exactly-once"],
            environment: constantLabel.merging(id) { $1 }.merging(["SENTIMENT_DELIVERY_STATE_DIRECTORY": place]) { $1 })
        }
        // Each has taken the id over once it has committed, and only then.
        let older = try launch("a")
        var sent = try stage.feed(Message.reviews(100))
        try older.waitForStats { try $0.int("transactions.committed") > 0 }
        let newer = try launch("b")
        try newer.waitForHalfOfTheGroup()
        sent += try stage.feed(Message.reviews(500, from: 100))
        try newer.waitForStats { try $0.int("transactions.committed") > 0 }
        sent += try stage.feed(Message.reviews(500, from: 600))
        #expect(try older.waitForExit() == .status(8))
        #expect(try older.finished().errors.contains { $0.contains("transactional id") && $0.contains("the-same") })
        try stage.reader().read(outcomesOf: sent)

        // On one host the slot tells before anything is sent.
        let third = try launch("b")
        #expect(try third.waitForExit() == .status(2))
        #expect(try third.finished().errors.contains { $0.contains("delivery.transactional-id") && $0.contains("in use") })
        try expectEachOnce(stage, sent, stopping: newer)
      }
    }
  }

  @Test("results that the output topic refuses as too large become dead letters, once")
  func tooLarge() throws {
    try withTemporaryDirectory { directory in
      try Stage.play(on: .real) { stage in
        let output = stage.output + "-small"
        try Topics.create(
          [.init(output, partitionCount: 4, configuration: ["max.message.bytes": "3000"])], on: stage.servers)
        let worker = try launch(
          stage, directory,
          [
            "--output-topic", output, "--output-format", "enrich", "--kafka", "batch.size=1000", "--kafka",
            "compression.type=none",
          ])
        let long = String(repeating: "x", count: 5000)
        let messages = Message.reviews(40).enumerated().map { number, message in
          number == 20 ? Message(key: "long", value: #"{"id": 20, "text": "\#(long)"}"#) : message
        }
        try stage.feed(messages)
        let reader = try TopicReader(servers: stage.servers, topics: [(output, 4), (stage.deadLetter, 4)])
        try reader.read(count: messages.count)
        worker.send(SIGTERM)
        #expect(try worker.waitForExit() == .status(0))
        try reader.readToEnd()
        let outcomes = reader.outcomes(output: output)
        #expect(outcomes.results.count == 39)
        #expect(try outcomes.deadLetters.map { try DeadLetterHeaders($0).reason } == ["result-too-large"])
      }
    }
  }
}

/// The embedded broker takes transactions but keeps none of their promises.
struct ExactlyOnceRefusalTests {
  @Test("run and check refuse it on the embedded broker")
  func embedded() throws {
    try Stage.play { stage in
      let run = try Program.run(stage.runArguments + ["--delivery", "exactly-once"], environment: constantLabel)
      #expect(run.exit == .status(4))
      #expect(run.errors.contains { $0.contains("exactly-once needs a real Kafka") && $0.contains("at-least-once") })
      let check = try Program.run(
        [
          "check", "--brokers", stage.servers, "--input-topic", stage.input, "--output-topic", stage.output,
          "--dead-letter-topic", stage.deadLetter, "--delivery", "exactly-once",
        ], environment: constantLabel)
      #expect(check.exit == .status(1))
      #expect(check.output.contains { $0.hasPrefix("FAILED") && $0.contains("exactly-once needs a real Kafka") })
    }
  }
}
