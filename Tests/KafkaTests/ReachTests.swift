import Kafka
import Testing

@Suite("Reaching a cluster")
struct ReachTests {
  @Test("metadata of a mock cluster: brokers, topics, partitions")
  func metadata() throws {
    let mock = try MockCluster(brokers: 3)
    try mock.createTopic("a", partitions: 3)
    try mock.createTopic("b", partitions: 1)
    let configuration = KafkaConfiguration(["bootstrap.servers": mock.bootstrapServers])
    let all = try AdminClient.reach(configuration, timeout: patience)
    #expect(all.brokers.map(\.id) == [1, 2, 3])
    #expect(all.brokers.map { "\($0.host):\($0.port)" }.joined(separator: ",") == mock.bootstrapServers)
    #expect(all.topic("a")?.partitions.map(\.id) == [0, 1, 2])
    #expect(all.topic("a")?.partitions.allSatisfy { $0.leader != nil && $0.replicas.count == 3 } == true)
    #expect(all.topic("b")?.error == nil)
    #expect(all.topic("c") == nil)

    let some = try AdminClient.reach(configuration, topics: ["b"], timeout: patience)
    #expect(some.topics.map(\.name) == ["b"])
    #expect(some.brokers.count == 3)
    #expect(try AdminClient.reach(configuration, topics: [], timeout: patience).topics == [])
  }

  @Test("a mock cluster on a port of one's own choice serves produce and consume, and frees the port at its end")
  func chosenPort() throws {
    var mock = try MockCluster(port: 0)
    let port = try #require(mock.bootstrapServers.split(separator: ":").last.flatMap { UInt16($0) })
    let error = #expect(throws: KafkaError.self) { try MockCluster(port: port) }
    #expect(error?.message.contains("port \(port)") == true)
    mock.close()

    mock = try MockCluster(brokers: 2, port: port)
    #expect(mock.bootstrapServers == "127.0.0.1:\(port)")
    try mock.createTopic("t", partitions: 2)
    let producer = try Producer(configuration: .producer(mock.bootstrapServers))
    for partition in Int32(0)..<2 { try producer.sendAll(["a", "b"], to: "t", partition: partition) }
    let consumer = try Consumer(configuration: .consumer(mock.bootstrapServers, group: "g"))
    try consumer.assign([
      TopicPartition(topic: "t", partition: 0): .beginning, TopicPartition(topic: "t", partition: 1): .beginning,
    ])
    #expect(try records(4, from: consumer).count == 4)
    try consumer.close()
    producer.close(flushTimeout: patience) { _ in }
  }

  @Test("a refused connection is told as such, with where and what to do")
  func refused() throws {
    let mock = try MockCluster()
    let servers = mock.bootstrapServers
    mock.close()  // nobody listens there any more
    let error = #expect(throws: KafkaError.self) {
      try AdminClient.reach(KafkaConfiguration(["bootstrap.servers": servers]), timeout: .seconds(1))
    }
    #expect(error?.name == "_TRANSPORT")
    #expect(error?.message.contains("Connection refused") == true)
    #expect(error?.message.contains(servers) == true)
    #expect(error?.remedy?.contains("bootstrap.servers") == true)
  }

  @Test("a host name that does not resolve is told as such")
  func unresolved() {
    let error = #expect(throws: KafkaError.self) {
      try AdminClient.reach(KafkaConfiguration(["bootstrap.servers": "no-such-host.invalid:9092"]), timeout: .seconds(2))
    }
    #expect(error?.name == "_RESOLVE")
    #expect(error?.message.contains("no-such-host.invalid") == true)
    #expect(error?.remedy?.contains("bootstrap.servers") == true)
  }

  @Test("a client reports connection errors to its handlers and keeps the root cause")
  func handlers() throws {
    let errors = Collected<KafkaError>()
    let logs = Collected<LogMessage>()
    let handlers = ClientHandlers(log: { logs.add($0) }, error: { errors.add($0) })
    let consumer = try Consumer(configuration: .consumer("127.0.0.1:1", group: "g"), handlers: handlers)
    try consumer.subscribe(topics: ["t"])
    try poll(consumer, for: "the error and the log line") { _ in
      errors.all.contains { $0.name == "_ALL_BROKERS_DOWN" } && logs.all.contains { $0.facility == "FAIL" }
    }
    #expect(consumer.lastConnectionError?.message.contains("Connection refused") == true)
    #expect(consumer.firstFatalError == nil)
    try consumer.close(timeout: .seconds(10))
  }
}
