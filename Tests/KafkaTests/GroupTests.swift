import Kafka
import Testing

/// Consumer groups on the mock cluster, whose coordinator takes some seconds for a first join.
@Suite("Consumer group")
struct GroupTests {
  let mock: MockCluster
  let producer: Producer

  init() throws {
    mock = try MockCluster()
    try mock.createTopic("t", partitions: 4)
    producer = try Producer(configuration: .producer(mock.bootstrapServers))
  }

  private func partitions(_ ids: some Sequence<Int32>) -> [TopicPartition] {
    ids.map { TopicPartition(topic: "t", partition: $0) }
  }

  @Test("join, commit synchronously and not, leave, and go on from the committed offset")
  func resumes() throws {
    try producer.sendAll((0..<6).map { "v\($0)" }, to: "t", partition: 1)
    let one = TopicPartition(topic: "t", partition: 1)

    let recorder = Recorder()
    let first = try Consumer(configuration: .consumer(mock.bootstrapServers, group: "g"), delegate: recorder)
    try first.subscribe(topics: ["t"])
    let read = try records(4, from: first)
    #expect(read.map(\.text) == ["v0", "v1", "v2", "v3"])
    #expect(recorder.assigned.map { $0.sorted() } == [partitions(0..<4)])
    #expect(first.memberID != nil && first.rebalanceProtocol == .eager)

    #expect(try first.committed([one], timeout: patience) == [:])
    try first.commit([one: 2], synchronous: true)
    #expect(try first.committed(partitions(0..<4), timeout: patience) == [one: 2])
    #expect(recorder.commits == [])
    try first.commit([one: read[3].offset + 1], synchronous: false)
    try poll(first, for: "the commit's outcome") { _ in !recorder.commits.isEmpty }
    #expect(recorder.commits.map(\.offsets) == [[one: 4]])
    #expect(recorder.commits.allSatisfy { $0.error == nil && $0.failures == [:] })
    try first.commit([:], synchronous: true)
    #expect(throws: KafkaError.self) { try first.commit([one: -1], synchronous: true) }
    try first.close()
    #expect(recorder.revoked.map { $0.sorted() } == [partitions(0..<4)])
    #expect(recorder.lost == [])

    let second = try Consumer(configuration: .consumer(mock.bootstrapServers, group: "g"))
    try second.subscribe(topics: ["t"])
    #expect(try records(2, from: second).map(\.text) == ["v4", "v5"])
    try second.close()
  }

  @Test("a pause loses nothing, neither what was prefetched nor what comes meanwhile; polling goes on")
  func pause() throws {
    let zero = TopicPartition(topic: "t", partition: 0)
    let consumer = try Consumer(configuration: .consumer(mock.bootstrapServers, group: "p"))
    try consumer.assign([zero: .beginning, TopicPartition(topic: "t", partition: 1): .beginning])
    try producer.sendAll((0..<50).map { "\($0)" }, to: "t", partition: 0)
    var read = try records(10, from: consumer)
    for round in 0..<4 {
      try consumer.pause([zero])
      try producer.sendAll((0..<10).map { "\(50 + round * 10 + $0)" }, to: "t", partition: 0)
      // A record of another partition proves that fetching went on without the paused one.
      try producer.sendAll(["other"], to: "t", partition: 1)
      let other = try records(1, from: consumer)
      #expect(other.map(\.text) == ["other"])
      try consumer.resume([zero])
      read += try records(10, from: consumer)
    }
    read += try records(90 - read.count, from: consumer)
    #expect(read.map(\.text) == (0..<90).map { "\($0)" })
    #expect(read.map(\.offset) == (0..<90).map { Int64($0) })
    #expect(throws: KafkaError.self) { try consumer.pause([TopicPartition(topic: "none", partition: 9)]) }
    try consumer.close()
  }

  @Test("a subscription to a missing topic is reported")
  func missingTopic() throws {
    try mock.createTopic("absent", partitions: 1)
    try mock.setError(3, ofTopic: "absent")
    let consumer = try Consumer(configuration: .consumer(mock.bootstrapServers, group: "m"))
    try consumer.subscribe(topics: ["absent"])
    try poll(consumer, for: "the error") { result in
      guard case .error(let error) = result else { return false }
      return error.isUnknownTopicOrPartition && error.message.contains("absent") && error.remedy != nil
    }
    try consumer.close()
  }

  @Test("partitions that the group took away are lost, not revoked, and come back with the next join")
  func lost() throws {
    try producer.sendAll(["x"], to: "t")
    let recorder = Recorder()
    let consumer = try Consumer(configuration: .consumer(mock.bootstrapServers, group: "l"), delegate: recorder)
    try consumer.subscribe(topics: ["t"])
    _ = try records(1, from: consumer)
    // The coordinator no longer knows the member.
    try mock.pushErrors([25], for: .heartbeat)
    var reread: [String?] = []
    try poll(consumer, for: "the loss, the next assignment and the record again") { result in
      if case .record(let record) = result { reread.append(record.text) }
      return recorder.assigned.count == 2 && !reread.isEmpty
    }
    #expect(reread == ["x"])
    #expect(recorder.lost.map { $0.sorted() } == [partitions(0..<4)])
    #expect(recorder.revoked == [])
    try consumer.close()
  }

  @Test("a waker ends a long wait, also when it comes first")
  func waker() throws {
    let consumer = try Consumer(configuration: .consumer(mock.bootstrapServers, group: "w"))
    try consumer.assign([TopicPartition(topic: "t", partition: 0): .end])
    let waker = consumer.waker
    let start = ContinuousClock.now
    for _ in 0..<20 {
      let thread = Worker { waker.wake() }
      _ = consumer.poll(timeout: patience)
      thread.join()
    }
    #expect(ContinuousClock.now - start < patience)
    try consumer.close()
  }

  @Test("closing without brokers ends within its limit")
  func closeWithoutBrokers() throws {
    let consumer = try Consumer(configuration: .consumer(mock.bootstrapServers, group: "c"))
    try consumer.subscribe(topics: ["t"])
    try producer.sendAll(["x"], to: "t")
    _ = try records(1, from: consumer)
    try mock.setDown(broker: 1)
    let start = ContinuousClock.now
    try? consumer.close(timeout: .seconds(3))
    #expect(ContinuousClock.now - start < .seconds(10))
    #expect(consumer.memberID == nil)
  }
}
