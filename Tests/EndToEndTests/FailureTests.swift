import Foundation
import Kafka
import Testing

/// What Kafka refuses or lacks, as docs/failures.md states it; the embedded broker is told to misbehave.
struct FailureTests {
  /// Error codes of the Kafka protocol.
  private enum Code {
    static let unknownTopic = 3
    static let messageTooLarge = 10
    static let notEnoughReplicas = 19
    static let topicAuthorisation = 29
    static let groupAuthorisation = 30
    static let clusterAuthorisation = 31
    static let storage = 56
  }

  private static let impatient = constantLabel.merging(["SENTIMENT_DELIVERY_START_TIMEOUT": "1s"]) { $1 }

  // MARK: What passes

  struct Passing: CustomTestStringConvertible {
    var name: String
    var code: Int
    var request: MockCluster.Request
    var testDescription: String { name }
  }

  @Test(
    "what passes is outlived: nothing lost, nothing twice, nothing dead-lettered",
    arguments: [
      Passing(name: "disk full at a write", code: Code.storage, request: .produce),
      Passing(name: "too few replicas in sync", code: Code.notEnoughReplicas, request: .produce),
      Passing(name: "disk full at a read", code: Code.storage, request: .fetch),
      Passing(name: "disk full at a commit", code: Code.storage, request: .offsetCommit),
    ])
  func passes(fault: Passing) throws {
    try Stage.play { stage in
      let sent = try stage.feed(Message.reviews(200))
      try #require(stage.cluster).pushErrors(Array(repeating: fault.code, count: 6), for: fault.request)
      let worker = try stage.launch()
      let reader = try stage.reader()
      try reader.read(count: sent.count)
      worker.send(SIGTERM)
      let run = try worker.finished()
      #expect(run.exit == .status(0))
      let outcomes = try stage.everything()
      try outcomes.expectNothingLost(of: sent)
      try outcomes.expectNoDuplicates()
      try outcomes.expectOrder()
      #expect(outcomes.deadLetters.isEmpty)
    }
  }

  @Test("an input topic that is away for a moment is waited for")
  func topicComesBack() throws {
    try Stage.play { stage in
      let cluster = try #require(stage.cluster)
      let worker = try stage.launch(["--kafka", "topic.metadata.refresh.interval.ms=200"])
      try worker.waitForLog("partitions assigned")
      try cluster.setError(Code.unknownTopic, ofTopic: stage.input)
      try worker.waitForLog("the consumer met an error", stage.input)
      try cluster.setError(0, ofTopic: stage.input)
      let sent = try stage.feed(Message.reviews(50))
      try stage.reader().read(count: sent.count)
      worker.send(SIGTERM)
      #expect(try worker.finished().exit == .status(0))
    }
  }

  // MARK: What ends the worker

  struct Ending: CustomTestStringConvertible {
    var name: String
    var code: Int
    var request: MockCluster.Request
    var status: Int32
    var words: [String]
    var testDescription: String { name }
  }

  @Test(
    "what a person has to change ends the worker with a status of its own and what to do",
    arguments: [
      Ending(
        name: "no right to write the topic", code: Code.topicAuthorisation, request: .produce, status: 10,
        words: ["labels-", "kafka-acls.sh", "Write"]),
      Ending(
        name: "no right to the group", code: Code.groupAuthorisation, request: .joinGroup, status: 10,
        words: ["group", "kafka-acls.sh"]),
      Ending(
        name: "no right to read the topic", code: Code.topicAuthorisation, request: .fetch, status: 10,
        words: ["kafka-acls.sh", "Read"]),
      Ending(
        name: "no right to write idempotently", code: Code.clusterAuthorisation, request: .initProducerID, status: 10,
        words: ["IdempotentWrite", "kafka-acls.sh"]),
    ])
  func ends(fault: Ending) throws {
    try Stage.play { stage in
      try stage.feed(Message.reviews(20))
      try #require(stage.cluster).pushErrors(Array(repeating: fault.code, count: 100), for: fault.request)
      let run = try stage.launch().finished()
      #expect(run.exit == .status(fault.status))
      let message = try run.onlyMessage()
      for word in fault.words { #expect(message.contains(word), "\(word): \(message)") }
    }
  }

  @Test("an output topic that is gone ends the worker; what was not written is not committed")
  func outputTopicGone() throws {
    try Stage.play { stage in
      let cluster = try #require(stage.cluster)
      let worker = try stage.launch(["--kafka", "topic.metadata.refresh.interval.ms=200"], environment: Self.impatient)
      try worker.waitForLog("partitions assigned")
      try cluster.setError(Code.unknownTopic, ofTopic: stage.output)
      try stage.feed(Message.reviews(20))
      let run = try worker.finished()
      #expect(run.exit == .status(9))
      let message = try run.onlyMessage()
      #expect(message.contains(stage.output) && message.contains("kafka-topics.sh"), "\(message)")
      try cluster.setError(0, ofTopic: stage.output)
      #expect(try stage.committed().values.allSatisfy { $0 == 0 })
    }
  }

  @Test("an input topic that is gone ends the worker")
  func inputTopicGone() throws {
    try Stage.play { stage in
      let cluster = try #require(stage.cluster)
      let worker = try stage.launch(["--kafka", "topic.metadata.refresh.interval.ms=200"], environment: Self.impatient)
      try worker.waitForLog("partitions assigned")
      try cluster.setError(Code.unknownTopic, ofTopic: stage.input)
      let run = try worker.finished()
      #expect(run.exit == .status(9))
      let message = try run.onlyMessage()
      #expect(message.contains("topic \(stage.input) does not exist") && message.contains("kafka-topics.sh"), "\(message)")
    }
  }

  // MARK: Too large to produce

  @Test("a result too large to produce becomes a dead letter, that one without its value, and then the worker ends")
  func tooLarge() throws {
    for (refusals, status) in [(1, 0), (2, 0), (3, 5)] as [(Int, Int32)] {
      try Stage.play(partitions: 1) { stage in
        try stage.feed([Message(key: "large", value: #"{"text": "long"}"#)])
        try #require(stage.cluster).pushErrors(Array(repeating: Code.messageTooLarge, count: refusals), for: .produce)
        let worker = try stage.launch()
        if status == 0 {
          try worker.waitForStats { try $0.int("records_since_start.dead_lettered") == 1 }
          worker.send(SIGTERM)
        }
        let run = try worker.finished()
        #expect(run.exit == .status(status))
        let letters = try stage.everything().deadLetters
        guard status == 0 else {
          #expect(try run.onlyMessage().contains("max.message.bytes") && letters.isEmpty)
          return
        }
        let letter = try #require(letters.first)
        #expect(try DeadLetterHeaders(letter).reason == "result-too-large")
        #expect((letter.header("sentiment-value-omitted") == nil) == (refusals == 1))
      }
    }
  }
}
