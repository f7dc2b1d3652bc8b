import Foundation
import Kafka
import Testing

/// A message to feed.
struct Message {
  var key: [UInt8]?
  var value: [UInt8]?
  var headers: [Header] = []
  /// Milliseconds since 1970; nil for now.
  var timestamp: Int64?
  /// nil leaves it to the key, or to chance.
  var partition: Int32?

  init(key: String? = nil, value: String?, headers: [Header] = [], timestamp: Int64? = nil, partition: Int32? = nil) {
    self.init(
      key: key.map { Array($0.utf8) }, bytes: value.map { Array($0.utf8) }, headers: headers, timestamp: timestamp,
      partition: partition)
  }

  init(key: [UInt8]?, bytes: [UInt8]?, headers: [Header] = [], timestamp: Int64? = nil, partition: Int32? = nil) {
    self.key = key
    self.value = bytes
    self.headers = headers
    self.timestamp = timestamp
    self.partition = partition
  }

  /// `count` reviews with keys of their own.
  static func reviews(_ count: Int, from first: Int = 0) -> [Message] {
    (first..<first + count).map {
      Message(key: "key-\($0)", value: #"{"id": \#($0), "text": "Film number \#($0) is a fine one."}"#)
    }
  }
}

/// Where a record is in a topic.
struct Place: Hashable, Comparable, CustomStringConvertible {
  var partition: Int32
  var offset: Int64

  var description: String { "\(partition)@\(offset)" }
  static func < (a: Place, b: Place) -> Bool { (a.partition, a.offset) < (b.partition, b.offset) }
}

/// A message that was fed, and where it went.
struct Sent {
  var message: Message
  var place: Place
}

enum Topics {
  static func create(_ topics: [(name: String, partitions: Int32)], on servers: String, embedded cluster: MockCluster?) throws {
    if let cluster {
      for topic in topics { try cluster.createTopic(topic.name, partitions: Int(topic.partitions)) }
      return
    }
    try create(topics.map { .init($0.name, partitionCount: Int($0.partitions)) }, on: servers)
  }

  /// On a real Kafka.
  static func create(_ topics: [AdminClient.NewTopic], on servers: String) throws {
    let admin = try AdminClient(configuration: KafkaConfiguration(["bootstrap.servers": servers]))
    let failures = try admin.createTopics(topics, timeout: .seconds(30))
    try #require(failures.isEmpty, "\(failures)")
    // Created is not yet known to the broker that a worker asks.
    let names = topics.map(\.name)
    let deadline = ContinuousClock.now.advanced(by: .seconds(30))
    while true {
      let metadata = try admin.metadata(topics: names, timeout: .seconds(30))
      if names.allSatisfy({ metadata.topic($0)?.partitions.isEmpty == false }) { return }
      try #require(ContinuousClock.now < deadline, "the topics \(names) were created and are not there")
    }
  }

  /// Produces messages, in order, and waits until all are acknowledged. Keys go where the worker's own producer puts them.
  static func produce(_ messages: [Message], to topic: String, on servers: String) throws -> [Sent] {
    let producer = try Producer(
      configuration: KafkaConfiguration([
        "bootstrap.servers": servers, "enable.idempotence": "true", "linger.ms": "2", "partitioner": "murmur2_random",
        "message.max.bytes": "10000000",
      ]))
    var places: [UInt64: Place] = [:]
    var failure: KafkaError?
    let note: (Delivery) -> Void = { delivery in
      failure = failure ?? delivery.error
      if let offset = delivery.offset { places[delivery.tag] = Place(partition: delivery.partition, offset: offset) }
    }
    for (index, message) in messages.enumerated() {
      try producer.send(
        to: topic, partition: message.partition, key: message.key, value: message.value, headers: message.headers,
        timestamp: message.timestamp, tag: UInt64(index))
      producer.poll(timeout: .zero, onDelivery: note)
    }
    producer.close(flushTimeout: .seconds(30), onDelivery: note)
    if let failure { throw failure }
    return try messages.enumerated().map { index, message in
      Sent(message: message, place: try #require(places[UInt64(index)], "message \(index) was not acknowledged"))
    }
  }
}

/// Reads topics from their beginning, in no group; of transactions what is committed.
final class TopicReader {
  private(set) var records: [ConsumerRecord] = []
  private let consumer: Consumer
  private let partitions: [TopicPartition]
  /// How far each partition has been read, where its end was met. Not all offsets are records: transactions leave markers.
  private var ends: [TopicPartition: Int64] = [:]

  init(servers: String, topics: [(name: String, partitions: Int32)]) throws {
    consumer = try Consumer(
      configuration: KafkaConfiguration([
        "bootstrap.servers": servers, "group.id": "reader-\(UUID().uuidString)", "fetch.wait.max.ms": "20",
        "fetch.message.max.bytes": "10000000", "enable.partition.eof": "true", "isolation.level": "read_committed",
      ]))
    partitions = topics.flatMap { topic in (0..<topic.partitions).map { TopicPartition(topic: topic.name, partition: $0) } }
    try consumer.assign(Dictionary(uniqueKeysWithValues: partitions.map { ($0, .beginning) }))
  }

  /// Reads on until `isDone` with what has come.
  func read(until what: String, within limit: Duration = patience, isDone: ([ConsumerRecord]) throws -> Bool) throws {
    let end = ContinuousClock.now.advanced(by: limit)
    while try !isDone(records) {
      switch consumer.poll(timeout: .milliseconds(50)) {
      case .record(let record): records.append(record)
      case .endOfPartition(let partition, let offset): ends[partition] = offset
      case .error, .nothing: break
      }
      if ContinuousClock.now >= end { throw TimedOut(description: "waited \(limit) for \(what); \(records.count) records came") }
    }
  }

  /// Reads on until this many records have come.
  func read(count: Int, within limit: Duration = patience) throws {
    try read(until: "\(count) records", within: limit) { $0.count >= count }
  }

  /// Reads on until every one of these messages has an outcome, however many times.
  func read(outcomesOf sent: [Sent], within limit: Duration = patience) throws {
    var missing = Set(sent.map(\.place))
    var seen = 0
    try read(until: "an outcome of every message", within: limit) { records in
      for record in records[seen...] where !record.isTombstone { missing.remove(try Outcomes.place(of: record)) }
      seen = records.count
      return missing.isEmpty
    }
  }

  /// Reads everything that is in the topics now; waits for transactions that are still open.
  func readToEnd() throws {
    let marks = try partitions.map { ($0, try consumer.queryWatermarks($0, timeout: .seconds(20))) }
    try read(until: "the end") { _ in marks.allSatisfy { partition, marks in ends[partition] ?? marks.low >= marks.high } }
  }

  func outcomes(output: String) -> Outcomes {
    Outcomes(results: records.filter { $0.topic == output }, deadLetters: records.filter { $0.topic != output })
  }
}
