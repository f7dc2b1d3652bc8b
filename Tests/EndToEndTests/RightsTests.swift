import Foundation
import Kafka
import TestSupport
import Testing

/// Rights that a user lacks, and topics that are deleted, on a real Kafka.
@Suite(.serialized, .enabled(if: RealKafka.isSecureThere && KafkaTools.isThere, "no real Kafka with its tools"))
struct RightsTests {
  private func launch(_ stage: Stage) throws -> Program.Finished {
    try stage.launch(
      [
        "--brokers", RealKafka.secureServers ?? "", "--kafka", "security.protocol=SASL_SSL", "--kafka", "sasl.mechanism=PLAIN",
        "--kafka", "sasl.username=guest", "--kafka", "ssl.ca.location=\(RealKafka.certificateAuthority ?? "")",
      ], environment: constantLabel.merging(["SENTIMENT_KAFKA_SASL_PASSWORD": "guest-secret"]) { $1 }
    ).finished()
  }

  private func allow(_ operations: [String], _ resource: [String]) throws {
    try KafkaTools.run(
      "acls", ["--add", "--force", "--allow-principal", "User:guest"] + operations.flatMap { ["--operation", $0] } + resource)
  }

  private func topics(_ names: String...) -> [String] { names.flatMap { ["--topic", $0] } }

  @Test("without the right to write, the worker names the topic and how to allow it; nothing is committed")
  func write() throws {
    try Stage.play(on: .real) { stage in
      try allow(["Read", "Describe"], topics(stage.input) + ["--group", stage.group])
      try allow(["Describe"], topics(stage.output))
      try allow(["Write", "Describe"], topics(stage.deadLetter))
      try stage.feed(Message.reviews(20))
      let run = try launch(stage)
      #expect(run.exit == .status(10))
      let message = try run.onlyMessage()
      #expect(message.contains("topic \(stage.output)") && message.contains("kafka-acls.sh"), "\(message)")
      #expect(try stage.committed().isEmpty)
    }
  }

  @Test("without the right to read, the worker names the topic and how to allow it")
  func read() throws {
    try Stage.play(on: .real) { stage in
      try allow(["Describe"], topics(stage.input))
      try allow(["Write", "Describe"], topics(stage.output, stage.deadLetter))
      try allow(["Read"], ["--group", stage.group])
      try stage.feed(Message.reviews(20))
      let run = try launch(stage)
      #expect(run.exit == .status(10))
      let message = try run.onlyMessage()
      #expect(message.contains(stage.input) && message.contains("kafka-acls.sh"), "\(message)")
    }
  }

  @Test("without the right to the group, the worker says how to allow it")
  func group() throws {
    try Stage.play(on: .real) { stage in
      try allow(["Read", "Write", "Describe"], topics(stage.input, stage.output, stage.deadLetter))
      let run = try launch(stage)
      #expect(run.exit == .status(10))
      let message = try run.onlyMessage()
      #expect(message.contains("group") && message.contains("kafka-acls.sh"), "\(message)")
    }
  }

  @Test("check finds rights that are missing, each with how to allow it")
  func check() throws {
    try Stage.play(on: .real) { stage in
      try allow(["Describe"], topics(stage.input, stage.output, stage.deadLetter))
      let run = try Program.run(
        [
          "check", "--brokers", RealKafka.secureServers ?? "", "--kafka", "security.protocol=SASL_SSL", "--kafka",
          "sasl.mechanism=PLAIN", "--kafka", "sasl.username=guest", "--kafka",
          "ssl.ca.location=\(RealKafka.certificateAuthority ?? "")", "--group", stage.group, "--input-topic", stage.input,
          "--output-topic", stage.output, "--dead-letter-topic", stage.deadLetter, "--delivery", "exactly-once",
        ], environment: constantLabel.merging(["SENTIMENT_KAFKA_SASL_PASSWORD": "guest-secret"]) { $1 })
      #expect(run.exit == .status(1))
      for step in ["group", "reading", "transactions"] {
        #expect(
          run.output.contains { $0.hasPrefix("FAILED") && $0.contains(step) && $0.contains("kafka-acls.sh") },
          "\(step): \(run.output)")
      }
    }
  }

  @Test("an input or output topic that is deleted while the worker runs ends it", arguments: [true, false])
  func deletedTopic(isInput: Bool) throws {
    try Stage.play(on: .real) { stage in
      let worker = try stage.launch(
        ["--kafka", "topic.metadata.refresh.interval.ms=500"],
        environment: constantLabel.merging(["SENTIMENT_DELIVERY_START_TIMEOUT": "1s"]) { $1 })
      try worker.waitForLog("partitions assigned")
      let sent = try stage.feed(Message.reviews(20))
      try stage.reader().read(count: sent.count)
      let topic = isInput ? stage.input : stage.output
      try KafkaTools.run("topics", ["--delete", "--topic", topic])
      if !isInput { try stage.feed(Message.reviews(20, from: 20)) }
      let run = try worker.finished()
      #expect(run.exit == .status(9))
      let message = try run.onlyMessage()
      #expect(message.contains(topic) && message.contains("kafka-topics.sh"), "\(message)")
    }
  }
}
