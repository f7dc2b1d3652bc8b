import Kafka
import Testing

/// Bytes in, the same bytes out; on the mock cluster.
@Suite("Round trip")
struct RoundTripTests {
  let mock: MockCluster
  let producer: Producer

  init() throws {
    mock = try MockCluster()
    try mock.createTopic("t", partitions: 3)
    producer = try Producer(configuration: .producer(mock.bootstrapServers))
  }

  private func reader(_ starts: [TopicPartition: Consumer.StartOffset]? = nil, _ more: [String: String] = [:]) throws -> Consumer
  {
    let consumer = try Consumer(configuration: .consumer(mock.bootstrapServers, group: "reader", more))
    try consumer.assign(starts ?? [TopicPartition(topic: "t", partition: 0): .beginning])
    return consumer
  }

  @Test("null, empty, binary and text keys and values stay what they are")
  func keysAndValues() throws {
    let cases: [[UInt8]?] = [nil, [], [0], [0, 1, 0, 255, 0], Array("grüße".utf8), Array(0...255)]
    var sent: [(key: [UInt8]?, value: [UInt8]?)] = []
    for key in cases { for value in cases { sent.append((key, value)) } }
    for (index, record) in sent.enumerated() {
      try producer.send(to: "t", partition: 0, key: record.key, value: record.value, tag: UInt64(index))
    }
    #expect(try producer.flushed().allSatisfy { $0.error == nil })

    let consumer = try reader()
    for (sent, read) in zip(sent, try records(sent.count, from: consumer)) {
      #expect(read.key == sent.key)
      #expect(read.value == sent.value)
      #expect(read.keyCount == sent.key?.count)
      #expect(read.valueCount == sent.value?.count)
      #expect(read.isTombstone == (sent.value == nil))
      #expect(read.withValue { copy($0) } == sent.value)
      #expect(read.withKey { copy($0) } == sent.key)
      #expect(read.headers == [] && !read.hasHeaders && read.header("x") == nil)
    }
    try consumer.close()
  }

  @Test("spans are sent like arrays, null ones too")
  func spans() throws {
    let key: [UInt8] = [1, 2]
    let none: Span<UInt8>? = nil
    try producer.send(to: "t", partition: 0, key: key.span, value: [UInt8]().span)
    try producer.send(to: "t", partition: 0, key: none, value: none)
    _ = try producer.flushed()
    let read = try records(2, from: reader())
    #expect(read.map(\.key) == [key, nil])
    #expect(read.map(\.value) == [[], nil])
  }

  @Test("headers keep order, duplicates, null and empty values")
  func headers() throws {
    let headers = [
      Header("a", "1"), Header("null", nil as [UInt8]?), Header("empty", [UInt8]()), Header("a", "2"),
      Header("binary", [0, 255, 0]),
      Header("", "nameless"), Header("größe", "µ"),
    ]
    try producer.send(to: "t", partition: 0, key: nil, value: [1], headers: headers)
    try producer.send(to: "t", partition: 0, key: nil, value: [2])
    _ = try producer.flushed()
    let read = try records(2, from: reader())
    #expect(read[0].headers == headers)
    #expect(read[0].hasHeaders)
    #expect(read[0].header("a") == Array("2".utf8))
    #expect(read[0].header("null") == nil)
    #expect(read[0].headers[0].text == "1" && read[0].headers[4].text == nil)
    #expect(!read[1].hasHeaders)
  }

  @Test("forwarding keeps key, headers, timestamp and value; added headers come last")
  func forwarding() throws {
    let headers = [Header("h", "1"), Header("h", nil as [UInt8]?)]
    try producer.send(to: "t", partition: 0, key: [0, 7], value: [1, 0, 2], headers: headers, timestamp: 1_600_000_000_123)
    try producer.send(to: "t", partition: 0, key: nil, value: nil as [UInt8]?, timestamp: 1_600_000_000_456)
    _ = try producer.flushed()
    let originals = try records(2, from: reader())

    let reason = Header("reason", "not JSON")
    try producer.forward(originals[0], to: "t", partition: 1, addingHeaders: [reason])
    try producer.forward(originals[1], to: "t", partition: 1)
    let replaced: [UInt8] = [9]
    try producer.send(to: "t", partition: 1, keyAndHeadersOf: originals[0], value: replaced.span)
    let none: Span<UInt8>? = nil
    try producer.send(to: "t", partition: 1, keyAndHeadersOf: originals[0], value: none, timestamp: 5)
    #expect(try producer.flushed().allSatisfy { $0.error == nil && $0.partition == 1 })

    let read = try records(4, from: reader([TopicPartition(topic: "t", partition: 1): .beginning]))
    #expect(read.map(\.key) == [[0, 7], nil, [0, 7], [0, 7]])
    #expect(read.map(\.value) == [[1, 0, 2], nil, [9], nil])
    #expect(read.map(\.headers) == [headers + [reason], [], headers, headers])
    // The mock keeps the producer's time stamps.
    #expect(read.map(\.timestamp) == [1_600_000_000_123, 1_600_000_000_456, 1_600_000_000_123, 5])
    #expect(read[0].timestampType == .createTime)
  }

  @Test("a record of 900 kB goes through, one above message.max.bytes is refused at once")
  func big() throws {
    let value = (0..<900_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try producer.send(to: "t", partition: 0, key: nil, value: value)
    _ = try producer.flushed()
    let record = try #require(try records(1, from: reader()).first)
    #expect(record.value == value)
    #expect(record.approximateByteCount >= 900_000)
    let error = #expect(throws: KafkaError.self) {
      try producer.send(to: "t", key: nil, value: [UInt8](repeating: 1, count: 1_100_000))
    }
    #expect(error?.isMessageTooLarge == true)
    #expect(error?.remedy?.contains("message.max.bytes") == true)
    #expect(producer.outstandingCount == 0)
  }

  @Test("offsets count up, positions and watermarks follow, the end of a partition is told")
  func offsets() throws {
    try producer.sendAll((0..<5).map { "v\($0)" }, to: "t", partition: 2)
    let partition = TopicPartition(topic: "t", partition: 2)
    let consumer = try reader([partition: .offset(1)], ["enable.partition.eof": "true"])
    #expect(consumer.cachedWatermarks(TopicPartition(topic: "none", partition: 0)) == nil)
    var read: [ConsumerRecord] = []
    var end: Int64?
    try poll(consumer, for: "the end") { result in
      switch result {
      case .record(let record): read.append(record)
      case .endOfPartition(partition, let offset): end = offset
      default: break
      }
      return end != nil
    }
    #expect(read.map(\.offset) == [1, 2, 3, 4])
    #expect(read.map(\.text) == ["v1", "v2", "v3", "v4"])
    #expect(read.allSatisfy { $0.topicPartition == partition && $0.partition == 2 && $0.topic == "t" })
    #expect("\(read[0])" == "t [2] @ 1")
    #expect(end == 5)
    #expect(try consumer.position([partition]) == [partition: 5])
    #expect(consumer.cachedWatermarks(partition)?.high == 5)
    #expect(try consumer.queryWatermarks(partition, timeout: patience) == .init(low: 0, high: 5))
    #expect(try consumer.assignment() == [partition])
    try consumer.assign([:])
    #expect(try consumer.assignment() == [])
  }

  @Test("records of several topics carry their own names")
  func topics() throws {
    try mock.createTopic("a-topic-with-a-name-longer-than-fifteen-bytes", partitions: 1)
    let names = ["t", "a-topic-with-a-name-longer-than-fifteen-bytes"]
    for name in names { try producer.sendAll(["x", "y"], to: name) }
    let consumer = try reader(
      Dictionary(uniqueKeysWithValues: names.map { (TopicPartition(topic: $0, partition: 0), .beginning) }))
    let read = try records(4, from: consumer)
    #expect(read.filter { $0.topic == names[0] }.map(\.text) == ["x", "y"])
    #expect(read.filter { $0.topic == names[1] }.map(\.text) == ["x", "y"])
  }

  @Test("records outlive their consumer, on any thread")
  func outliving() throws {
    try producer.send(to: "t", partition: 0, key: nil, value: [1, 2, 3], headers: [Header("h", "v")])
    _ = try producer.flushed()
    var consumer: Consumer? = try reader()
    let record = try #require(try consumer.map { try records(1, from: $0) }?.first)
    let waker = try #require(consumer?.waker)
    try consumer?.close()
    try consumer?.close()
    consumer = nil
    waker.wake()
    let done = Collected<[Header]>()
    let threads = (0..<4).map { _ in
      Worker { done.add(record.value == [1, 2, 3] ? record.headers : []) }
    }
    for thread in threads { thread.join() }
    #expect(done.all == Array(repeating: [Header("h", "v")], count: 4))
  }

  @Test("a consumer that was never closed is cleaned up, with or without records left")
  func forgotten() throws {
    try producer.sendAll(["a", "b"], to: "t")
    var kept: [ConsumerRecord] = []
    do {
      let consumer = try reader()
      kept = try records(2, from: consumer)
    }
    #expect(kept.map(\.text) == ["a", "b"])
  }

  @Test("closed clients answer with an error")
  func closed() throws {
    let consumer = try reader()
    try consumer.close()
    guard case .error(let error) = consumer.poll(timeout: .zero) else {
      Issue.record("poll of a closed consumer")
      return
    }
    #expect(error.name == "_DESTROY")
    #expect(throws: KafkaError.self) { try consumer.subscribe(topics: ["t"]) }
    #expect(throws: KafkaError.self) { try consumer.commit([TopicPartition(topic: "t", partition: 0): 1], synchronous: true) }
    #expect(consumer.memberID == nil && consumer.rebalanceProtocol == .none)
    producer.close(flushTimeout: .zero) { _ in }
    #expect(throws: KafkaError.self) { try producer.send(to: "t", key: nil, value: [1]) }
    #expect(producer.poll(timeout: .zero) { _ in } == 0)
    mock.close()
    #expect(throws: KafkaError.self) { try mock.createTopic("late", partitions: 1) }
  }
}
