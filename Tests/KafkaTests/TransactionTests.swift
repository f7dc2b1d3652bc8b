import Foundation
import Kafka
import Testing

/// Transactions, which only a real broker keeps.
@Suite(
  "Transactions",
  .enabled(if: RealKafka.isThere, "set SENTIMENT_TEST_KAFKA to the bootstrap servers of an Apache Kafka to run these"))
struct TransactionTests {
  let servers = RealKafka.servers ?? ""
  let topic = RealKafka.uniqueName("transactions")
  let id = RealKafka.uniqueName("transactional-id")
  let group = RealKafka.uniqueName("group")

  private func makeTopic(partitions: Int = 2) throws {
    let admin = try AdminClient(configuration: KafkaConfiguration(["bootstrap.servers": servers]))
    try admin.createAndWait([.init(topic, partitionCount: partitions)])
  }

  private func makeProducer() throws -> Producer {
    let producer = try Producer(configuration: .producer(servers, ["transactional.id": id, "transaction.timeout.ms": "20000"]))
    try producer.initTransactions(timeout: patience)
    return producer
  }

  private func send(_ texts: String..., by producer: Producer, partition: Int32 = 0) throws {
    for text in texts { try producer.send(to: topic, partition: partition, key: nil, value: Array(text.utf8)) }
  }

  /// What a `read_committed` reader finds in partition 0 up to its end. A sentinel from outside of transactions marks the end,
  /// and shows that no open transaction holds the reader up.
  private func committedTexts() throws -> [String?] {
    let plain = try Producer(configuration: .producer(servers))
    let end = UUID().uuidString
    try plain.sendAll([end], to: topic)
    let reader = try Consumer(
      configuration: .consumer(servers, group: RealKafka.uniqueName("reader"), ["isolation.level": "read_committed"]))
    try reader.assign([TopicPartition(topic: topic, partition: 0): .beginning])
    var texts: [String?] = []
    try poll(reader, for: "the sentinel") { result in
      guard case .record(let record) = result else { return false }
      if record.text == end { return true }
      // Sentinels of earlier readings are as long.
      if record.text?.count != end.count { texts.append(record.text) }
      return false
    }
    return texts
  }

  @Test("committed records are visible, aborted ones are not, and a producer goes on after both")
  func commitAndAbort() throws {
    try makeTopic()
    let producer = try makeProducer()
    var deliveries: [Delivery] = []
    try producer.beginTransaction()
    try send("a", "b", by: producer)
    try producer.commitTransaction { deliveries.append($0) }
    #expect(deliveries.map(\.offset) == [0, 1])

    try producer.beginTransaction()
    try send("lost", by: producer)
    _ = try producer.flushed()
    try send("never sent", by: producer)
    deliveries = []
    try producer.abortTransaction { deliveries.append($0) }
    #expect(deliveries.map { $0.error?.isPurged } == [true])

    try producer.beginTransaction()
    try send("c", by: producer)
    try producer.commitTransaction { _ in }
    #expect(try committedTexts() == ["a", "b", "c"])
    producer.close(flushTimeout: patience) { _ in }
  }

  @Test("the end of a producer with an open transaction is cleaned up by its successor")
  func successor() throws {
    try makeTopic()
    let first = try makeProducer()
    try first.beginTransaction()
    try send("orphan", by: first)
    _ = try first.flushed()
    let second = try makeProducer()
    // Returns only because the open transaction has been ended.
    #expect(try committedTexts() == [])

    let error = #expect(throws: TransactionError.self) { try first.commitTransaction { _ in } }
    #expect(error?.isFenced == true && error?.remedy == .reinitialise)
    #expect(error?.cause.remedy?.contains("transactional.id") == true)
    // Nothing else may be sent by it.
    #expect(throws: KafkaError.self) { try send("zombie", by: first) }
    #expect(throws: TransactionError.self) { try first.beginTransaction() }
    first.close(flushTimeout: .zero) { _ in }

    try second.beginTransaction()
    try send("heir", by: second)
    try second.commitTransaction { _ in }
    #expect(try committedTexts() == ["heir"])
    second.close(flushTimeout: patience) { _ in }
  }

  @Test("offsets are committed with the results or not at all")
  func offsets() throws {
    try makeTopic()
    try Producer(configuration: .producer(servers)).sendAll(["0", "1", "2"], to: topic, partition: 1)
    let input = TopicPartition(topic: topic, partition: 1)
    let onlooker = try Consumer(configuration: .consumer(servers, group: group))
    let consumer = try Consumer(configuration: .consumer(servers, group: group))
    #expect(try consumer.groupMetadata() == nil, "it is no member yet")
    try consumer.subscribe(topics: [topic])
    _ = try records(3, from: consumer)
    let metadata = try #require(try consumer.groupMetadata())

    let producer = try makeProducer()
    try producer.beginTransaction()
    try send("aborted", by: producer)
    try producer.sendOffsets([input: 2], of: metadata)
    try producer.abortTransaction { _ in }
    #expect(try onlooker.committed([input], timeout: patience) == [:])

    try producer.beginTransaction()
    try send("committed", by: producer)
    try producer.sendOffsets([input: 3], of: metadata)
    try producer.commitTransaction { _ in }
    #expect(try onlooker.committed([input], timeout: patience) == [input: 3])
    #expect(try committedTexts() == ["committed"])
    try consumer.close()
    #expect(throws: KafkaError.self) { try consumer.groupMetadata() }
    producer.close(flushTimeout: patience) { _ in }
  }

  @Test("a member of an earlier generation cannot commit; the transaction is aborted and the producer goes on")
  func generation() throws {
    try makeTopic()
    let input = TopicPartition(topic: topic, partition: 0)
    let first = try Consumer(configuration: .consumer(servers, group: group))
    let told = Recorder()
    first.delegate = told
    try first.subscribe(topics: [topic])
    try poll(first, for: "the assignment") { _ in !told.assigned.isEmpty }
    let early = try #require(try first.groupMetadata())
    let second = try Consumer(configuration: .consumer(servers, group: group))
    try second.subscribe(topics: [topic])
    try poll(first, for: "the rebalance") { _ in
      _ = second.poll(timeout: .zero)
      return told.assigned.count > 1
    }

    let producer = try makeProducer()
    try producer.beginTransaction()
    try send("stale", by: producer)
    let error = #expect(throws: TransactionError.self) { try producer.sendOffsets([input: 1], of: early) }
    #expect(error?.isStaleGroupMember == true && error?.remedy == .abort, "\(String(describing: error))")
    try producer.abortTransaction { _ in }
    let late = try #require(try first.groupMetadata())
    try producer.beginTransaction()
    try send("fresh", by: producer)
    try producer.sendOffsets([input: 1], of: late)
    try producer.commitTransaction { _ in }
    #expect(try committedTexts() == ["fresh"])
    try first.close()
    try second.close()
    producer.close(flushTimeout: patience) { _ in }
  }

  @Test("a record that the broker refuses has the transaction aborted")
  func refusedRecord() throws {
    let admin = try AdminClient(configuration: KafkaConfiguration(["bootstrap.servers": servers]))
    let small = AdminClient.NewTopic(topic, partitionCount: 1, configuration: ["max.message.bytes": "2000"])
    try admin.createAndWait([small])
    let producer = try makeProducer()
    try producer.beginTransaction()
    try producer.send(to: topic, partition: 0, key: nil, value: [UInt8](repeating: 7, count: 5000), tag: 1)
    var deliveries: [Delivery] = []
    let error = #expect(throws: TransactionError.self) { try producer.commitTransaction { deliveries.append($0) } }
    #expect(error?.remedy == .abort)
    #expect(deliveries.map { $0.error?.isMessageTooLarge } == [true])
    #expect(deliveries.map { $0.error?.concernsWholeTransaction } == [false])
    try producer.abortTransaction { _ in }
    producer.close(flushTimeout: patience) { _ in }
    // librdkafka 2.0.2 then goes on with a sequence number that was used up by the refused record: a new producer is needed.
    let next = try makeProducer()
    try next.beginTransaction()
    try send("small", by: next)
    try next.commitTransaction { _ in }
    #expect(try committedTexts() == ["small"])
    next.close(flushTimeout: patience) { _ in }
  }

  @Test("steps out of turn, and a producer without a transactional id")
  func outOfTurn() throws {
    let plain = try Producer(configuration: .producer(servers))
    let error = #expect(throws: TransactionError.self) { try plain.initTransactions(timeout: patience) }
    #expect(error?.remedy == .reinitialise)
    let fresh = try Producer(configuration: .producer(servers, ["transactional.id": id]))
    #expect(throws: TransactionError.self) { try fresh.beginTransaction() }
    let producer = try makeProducer()
    try producer.beginTransaction()
    #expect(throws: TransactionError.self) { try producer.beginTransaction() }
  }

  @Test("the cluster tells its id")
  func clusterID() throws {
    let admin = try AdminClient(configuration: KafkaConfiguration(["bootstrap.servers": servers]))
    #expect(admin.clusterID(timeout: patience)?.isEmpty == false)
  }
}

@Suite("Taking a transactional id over, on the embedded broker")
struct TransactionalIDTests {
  /// What a producer is told when the coordinator answers with the error again and again.
  private func refusal(_ code: Int) throws -> TransactionError {
    let mock = try MockCluster()
    try mock.pushErrors(Array(repeating: code, count: 100), for: .initProducerID)
    let producer = try Producer(configuration: .producer(mock.bootstrapServers, ["transactional.id": "id"]))
    defer { producer.close(flushTimeout: .zero) { _ in } }
    let error = #expect(throws: TransactionError.self) { try producer.initTransactions(timeout: .seconds(2)) }
    return try #require(error)
  }

  @Test(
    "what time mends is told from what it does not",
    arguments: [(51, true), (14, true), (15, true), (16, true), (50, false), (53, false)])
  func transience(code: Int, isTransient: Bool) throws {
    let error = try refusal(code)
    #expect(error.cause.isTransient == isTransient, "\(error.cause), retriable: \(error.cause.isRetriable)")
  }
}
