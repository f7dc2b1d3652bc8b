import Kafka
import Testing

@Suite("Producer")
struct ProducerTests {
  let mock: MockCluster

  init() throws {
    mock = try MockCluster(brokers: 2)
    try mock.createTopic("t", partitions: 2)
  }

  private func producer(_ more: [String: String] = [:], handlers: ClientHandlers = ClientHandlers()) throws -> Producer {
    try Producer(configuration: .producer(mock.bootstrapServers, more), handlers: handlers)
  }

  @Test("each record gives one delivery with its tag, partition and offset, in order")
  func tags() throws {
    let producer = try producer()
    let tags: [UInt64] = [0, 1, 2, .max, 1 << 63, 42, 0]
    for tag in tags { try producer.send(to: "t", partition: 1, key: nil, value: [1], tag: tag) }
    #expect(producer.outstandingCount == tags.count)
    var deliveries: [Delivery] = []
    let end = ContinuousClock.now.advanced(by: patience)
    while deliveries.count < tags.count, ContinuousClock.now < end {
      producer.poll(timeout: .milliseconds(50)) { deliveries.append($0) }
    }
    #expect(deliveries.map(\.tag) == tags)
    #expect(deliveries.map(\.offset) == [0, 1, 2, 3, 4, 5, 6])
    #expect(deliveries.allSatisfy { $0.partition == 1 && $0.error == nil && $0.mayHaveBeenWritten })
    #expect(producer.outstandingCount == 0)
    #expect(producer.close(flushTimeout: patience) { _ in Issue.record("a second delivery") } == 0)
  }

  @Test("the key decides the partition, the same for the same key")
  func partitioner() throws {
    let producer = try producer(["partitioner": "murmur2_random"])
    for index in 0..<40 { try producer.send(to: "t", key: Array("key-\(index % 20)".utf8), value: nil, tag: UInt64(index % 20)) }
    let byTag = Dictionary(grouping: try producer.flushed(), by: \.tag).mapValues { Set($0.map(\.partition)) }
    #expect(byTag.count == 20 && byTag.values.allSatisfy { $0.count == 1 })
    #expect(Set(byTag.values.joined()) == [0, 1])
    producer.close(flushTimeout: .zero) { _ in }
  }

  @Test("a full queue is an error of its own, and sending goes on once it is served")
  func queueFull() throws {
    for broker in mock.brokerIDs { try mock.setDown(broker: broker) }
    let producer = try producer(["queue.buffering.max.messages": "10", "reconnect.backoff.max.ms": "100"])
    var accepted = 0
    let error = #expect(throws: KafkaError.self) {
      for _ in 0..<100 {
        try producer.send(to: "t", partition: 0, key: nil, value: [1], headers: [Header("h", "v")], tag: UInt64(accepted))
        accepted += 1
      }
    }
    #expect(error?.isQueueFull == true && error?.isRetriable == true)
    #expect(accepted == 10)
    for broker in mock.brokerIDs { try mock.setUp(broker: broker) }
    #expect(try producer.flushed().map(\.tag) == (0..<10).map { UInt64($0) })
    try producer.send(to: "t", partition: 0, key: nil, value: [1])
    #expect(try producer.flushed().count == 1)
    producer.close(flushTimeout: .zero) { _ in }
  }

  @Test("closing with records that cannot be delivered gives them up and does not hang")
  func closeWithOutstanding() throws {
    for broker in mock.brokerIDs { try mock.setDown(broker: broker) }
    let producer = try producer()
    for tag in 0..<100 { try producer.send(to: "t", key: nil, value: [1], tag: UInt64(tag)) }
    var deliveries: [Delivery] = []
    let start = ContinuousClock.now
    let givenUp = producer.close(flushTimeout: .milliseconds(200)) { deliveries.append($0) }
    #expect(ContinuousClock.now - start < .seconds(10))
    #expect(givenUp == 100)
    #expect(Set(deliveries.map(\.tag)) == Set(0..<100))
    #expect(deliveries.allSatisfy { $0.error?.isPurged == true && $0.offset == nil })
    #expect(producer.close(flushTimeout: patience) { _ in } == 0)
  }

  @Test("flush and purge say what they could not do and did")
  func flushAndPurge() throws {
    for broker in mock.brokerIDs { try mock.setDown(broker: broker) }
    let producer = try producer()
    try producer.send(to: "t", key: nil, value: [1], tag: 7)
    let error = #expect(throws: KafkaError.self) { try producer.flushed(timeout: .milliseconds(150)) }
    #expect(error?.isTimeout == true)
    #expect(producer.outstandingCount > 0)
    try producer.purge()
    let purged = try producer.flushed()
    #expect(purged.map(\.tag) == [7] && purged.allSatisfy { $0.error?.isPurged == true })
    producer.close(flushTimeout: .zero) { _ in }
  }

  @Test("a producer let go of without close does not hang either")
  func forgotten() throws {
    try mock.setDown(broker: 1)
    try mock.setDown(broker: 2)
    do {
      let producer = try producer()
      for _ in 0..<10 { try producer.send(to: "t", key: nil, value: [1]) }
    }
  }

  @Test("brokers going down and up lose and repeat nothing")
  func brokerDownAndUp() throws {
    let producer = try producer(["reconnect.backoff.max.ms": "100", "retry.backoff.ms": "20"])
    let consumer = try Consumer(configuration: .consumer(mock.bootstrapServers, group: "g"))
    try consumer.assign([TopicPartition(topic: "t", partition: 0): .beginning])
    for round in 0..<3 {
      for index in 0..<20 { try producer.send(to: "t", partition: 0, key: nil, value: Array("\(round * 20 + index)".utf8)) }
      for broker in mock.brokerIDs { try mock.setDown(broker: broker) }
      producer.poll(timeout: .milliseconds(10)) { #expect($0.error == nil) }
      for broker in mock.brokerIDs { try mock.setUp(broker: broker) }
      for delivery in try producer.flushed() { #expect(delivery.error == nil) }
    }
    #expect(try records(60, from: consumer).map(\.text) == (0..<60).map { "\($0)" })
    #expect(producer.lastConnectionError?.isConnectionError ?? true)
    producer.close(flushTimeout: .zero) { _ in }
    try consumer.close()
  }

  @Test("injected errors: a retriable one is retried, another comes with the delivery")
  func injectedErrors() throws {
    let producer = try producer(["retry.backoff.ms": "10"])
    // Not enough replicas, then not the leader: librdkafka tries again.
    try mock.pushErrors([19, 6], for: .produce)
    try producer.send(to: "t", partition: 0, key: nil, value: [1])
    #expect(try producer.flushed().map(\.error) == [nil])
    // Topic authorisation failed.
    try mock.pushErrors([29], for: .produce)
    try producer.send(to: "t", partition: 0, key: nil, value: [1], tag: 3)
    let refused = try #require(try producer.flushed().first)
    #expect(refused.tag == 3 && refused.offset == nil)
    #expect(refused.error?.name == "TOPIC_AUTHORIZATION_FAILED")
    #expect(refused.error?.remedy?.contains("kafka-acls.sh") == true)
    producer.close(flushTimeout: .zero) { _ in }
  }

  @Test("a slow broker only delays")
  func slow() throws {
    for broker in mock.brokerIDs { try mock.setRoundTripTime(.milliseconds(300), broker: broker) }
    let producer = try producer()
    let start = ContinuousClock.now
    try producer.send(to: "t", partition: 0, key: nil, value: [1])
    #expect(try producer.flushed().map(\.error) == [nil])
    #expect(ContinuousClock.now - start >= .milliseconds(300))
    producer.close(flushTimeout: .zero) { _ in }
  }

  @Test("partition counts, and sending from several threads at once")
  func threads() throws {
    let producer = try producer()
    #expect(try producer.partitionCount(of: "t", timeout: patience) == 2)
    let failures = Collected<String>()
    let threads = (0..<4).map { thread in
      Worker {
        for index in 0..<250 {
          do {
            try producer.send(to: "t", key: [UInt8(index)], value: [1], tag: UInt64(thread * 250 + index))
          } catch { failures.add("\(error)") }
        }
      }
    }
    var tags: Set<UInt64> = []
    for thread in threads { thread.join() }
    producer.close(flushTimeout: patience) { tags.insert($0.tag) }
    #expect(failures.all == [])
    #expect(tags == Set(0..<1000))
  }

  @Test("statistics come as JSON when asked for")
  func statistics() throws {
    let collected = Collected<String>()
    let producer = try producer(
      ["statistics.interval.ms": "20"], handlers: ClientHandlers(statistics: { collected.add($0) }))
    let end = ContinuousClock.now.advanced(by: patience)
    while collected.all.isEmpty, ContinuousClock.now < end { producer.poll(timeout: .milliseconds(20)) { _ in } }
    #expect(collected.all.first?.hasPrefix("{") == true)
    producer.close(flushTimeout: .zero) { _ in }
  }
}
