import Foundation
import Kafka
import Synchronization
import Testing

/// How long tests wait for something that does happen; only a failing test waits that long.
let patience = Duration.seconds(30)

struct TimedOut: Error, CustomStringConvertible {
  let description: String
}

/// Polls until `done` says so; a deadline passed is a failure, never a silent success.
func poll(
  _ consumer: Consumer, for what: String, timeout: Duration = patience, until done: (PollResult) throws -> Bool
) throws {
  let end = ContinuousClock.now.advanced(by: timeout)
  while ContinuousClock.now < end {
    if try done(consumer.poll(timeout: .milliseconds(20))) { return }
  }
  throw TimedOut(description: "waited \(timeout) for \(what)")
}

/// Polls until this many records have come.
func records(_ count: Int, from consumer: Consumer, timeout: Duration = patience) throws -> [ConsumerRecord] {
  var records: [ConsumerRecord] = []
  if count == 0 { return [] }
  try poll(consumer, for: "\(count) records", timeout: timeout) { result in
    if case .record(let record) = result { records.append(record) }
    return records.count >= count
  }
  return records
}

extension Producer {
  /// Flushes and returns all deliveries.
  func flushed(timeout: Duration = patience) throws -> [Delivery] {
    var deliveries: [Delivery] = []
    try flush(timeout: timeout) { deliveries.append($0) }
    return deliveries
  }

  /// Sends texts as values without keys and waits for the acknowledgements.
  func sendAll(_ values: [String], to topic: String, partition: Int32 = 0) throws {
    for (index, value) in values.enumerated() {
      try send(to: topic, partition: partition, key: nil, value: Array(value.utf8), tag: UInt64(index))
    }
    for delivery in try flushed() { try #require(delivery.error == nil, "\(String(describing: delivery.error))") }
  }
}

extension ConsumerRecord {
  var text: String? { value.map { String(decoding: $0, as: UTF8.self) } }
}

extension KafkaConfiguration {
  static func producer(_ servers: String, _ more: [String: String] = [:]) -> KafkaConfiguration {
    KafkaConfiguration(["bootstrap.servers": servers, "enable.idempotence": "true", "linger.ms": "1"]).merging(more)
  }
  static func consumer(_ servers: String, group: String, _ more: [String: String] = [:]) -> KafkaConfiguration {
    KafkaConfiguration([
      "bootstrap.servers": servers, "group.id": group, "auto.offset.reset": "earliest",
      // Short enough for tests to see rebalances and reconnections soon.
      "session.timeout.ms": "6000", "heartbeat.interval.ms": "500", "reconnect.backoff.max.ms": "200",
      "partition.assignment.strategy": "range", "fetch.wait.max.ms": "50",
    ]).merging(more)
  }
}

/// Writes down what a consumer tells it; used on one thread.
final class Recorder: ConsumerDelegate {
  var assigned: [[TopicPartition]] = []
  var revoked: [[TopicPartition]] = []
  var lost: [[TopicPartition]] = []
  var commits: [CommitResult] = []
  var whenRevoked: ((Consumer, [TopicPartition]) -> Void)?

  func consumer(_ consumer: Consumer, assigned partitions: [TopicPartition]) { assigned.append(partitions) }
  func consumer(_ consumer: Consumer, revoked partitions: [TopicPartition]) {
    revoked.append(partitions)
    whenRevoked?(consumer, partitions)
  }
  func consumer(_ consumer: Consumer, lost partitions: [TopicPartition]) { lost.append(partitions) }
  func consumer(_ consumer: Consumer, committed result: CommitResult) { commits.append(result) }
}

/// Collects from handlers, which are called on whichever thread polls.
final class Collected<Element: Sendable>: Sendable {
  private let elements = Mutex<[Element]>([])
  func add(_ element: Element) { elements.withLock { $0.append(element) } }
  var all: [Element] { elements.withLock { $0 } }
}

/// A real Apache Kafka, where the environment names one.
enum RealKafka {
  static let servers = ProcessInfo.processInfo.environment["SENTIMENT_TEST_KAFKA"]
  static let secureServers = ProcessInfo.processInfo.environment["SENTIMENT_TEST_KAFKA_SECURE"]
  static let certificateAuthority = ProcessInfo.processInfo.environment["SENTIMENT_TEST_KAFKA_CA"]
  static var isThere: Bool { servers != nil }
  static var isSecureThere: Bool { secureServers != nil && certificateAuthority != nil }

  /// A topic name of its own for each test and run.
  static func uniqueName(_ purpose: String) -> String { "\(purpose)-\(UUID().uuidString.prefix(8))" }
}

/// The bytes of a lent span.
func copy(_ span: Span<UInt8>?) -> [UInt8]? {
  guard let span else { return nil }
  return span.indices.map { span[$0] }
}

extension AdminClient {
  /// Creates topics and waits until the broker knows them: created is not yet there for whoever asks next.
  func createAndWait(_ topics: [NewTopic]) throws {
    #expect(try createTopics(topics, timeout: patience) == [:])
    let deadline = ContinuousClock.now.advanced(by: patience)
    for topic in topics {
      while try metadata(topics: [topic.name], timeout: patience).topic(topic.name)?.partitions.isEmpty != false {
        try #require(ContinuousClock.now < deadline, "\(topic.name) was created and is not there")
      }
    }
  }
}
