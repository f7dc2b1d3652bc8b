import Foundation
import Kafka
import Testing

/// What only a real broker can show. Enabled by `SENTIMENT_TEST_KAFKA=HOST:PORT` (and, for TLS and SASL,
/// `SENTIMENT_TEST_KAFKA_SECURE=HOST:PORT` with `SENTIMENT_TEST_KAFKA_CA=FILE`).
@Suite(
  "Real Kafka",
  .enabled(if: RealKafka.isThere, "set SENTIMENT_TEST_KAFKA to the bootstrap servers of an Apache Kafka to run these"))
struct RealKafkaTests {
  let servers = RealKafka.servers ?? ""
  let topic = RealKafka.uniqueName("kafka-module")

  private func makeTopic(partitions: Int = 2) throws {
    let admin = try AdminClient(configuration: KafkaConfiguration(["bootstrap.servers": servers]))
    try admin.createAndWait([.init(topic, partitionCount: partitions)])
  }

  @Test("topics are created once, and refused with a reason")
  func createTopics() throws {
    let admin = try AdminClient(configuration: KafkaConfiguration(["bootstrap.servers": servers]))
    let new = AdminClient.NewTopic(topic, partitionCount: 3, configuration: ["cleanup.policy": "compact"])
    #expect(try admin.createTopics([new], timeout: patience) == [:])
    let again = try admin.createTopics([new, .init("not/allowed", partitionCount: 1)], timeout: patience)
    #expect(again[topic]?.isTopicAlreadyExists == true)
    #expect(again["not/allowed"] != nil)
    #expect(try admin.createTopics([], timeout: patience) == [:])
    #expect(try admin.metadata(topics: [topic], timeout: patience).topic(topic)?.partitions.count == 3)
  }

  @Test("round trip in a group with timestamps, headers, tombstones, commit and resume")
  func roundTrip() throws {
    try makeTopic()
    let producer = try Producer(configuration: .producer(servers))
    #expect(try producer.partitionCount(of: topic, timeout: patience) == 2)
    let headers = [Header("a", "1"), Header("a", nil as [UInt8]?), Header("b", [UInt8]())]
    try producer.send(to: topic, partition: 0, key: [0], value: [1, 0], headers: headers, timestamp: 1_500_000_000_001)
    try producer.send(to: topic, partition: 0, key: [], value: nil as [UInt8]?, timestamp: 1_500_000_000_002)
    try producer.send(to: topic, partition: 0, key: nil, value: [])
    let deliveries = try producer.flushed()
    #expect(deliveries.map(\.offset) == [0, 1, 2])

    let group = RealKafka.uniqueName("group")
    let consumer = try Consumer(configuration: .consumer(servers, group: group))
    try consumer.subscribe(topics: [topic])
    let read = try records(3, from: consumer)
    #expect(read.map(\.key) == [[0], [], nil])
    #expect(read.map(\.value) == [[1, 0], nil, []])
    #expect(read.map(\.isTombstone) == [false, true, false])
    #expect(read[0].headers == headers)
    #expect(read[0].timestamp == 1_500_000_000_001 && read[1].timestamp == 1_500_000_000_002)
    #expect(read[0].timestampType == .createTime)
    let now = Int64(Date().timeIntervalSince1970 * 1000)
    #expect(read[2].timestamp.map { abs($0 - now) < 600_000 } == true)
    try consumer.commit([read[1].topicPartition: read[1].offset + 1], synchronous: true)
    try consumer.close()

    let second = try Consumer(configuration: .consumer(servers, group: group))
    try second.subscribe(topics: [topic])
    #expect(try records(1, from: second).map(\.offset) == [2])
    #expect(try second.queryWatermarks(read[0].topicPartition, timeout: patience) == .init(low: 0, high: 3))

    for record in read { try producer.forward(record, to: topic, partition: 1) }
    #expect(try producer.flushed().allSatisfy { $0.error == nil })
    let forwarded = try records(3, from: second)
    #expect(forwarded.map(\.timestamp) == read.map(\.timestamp))
    #expect(forwarded.map(\.headers) == read.map(\.headers))
    #expect(forwarded.map(\.key) == read.map(\.key) && forwarded.map(\.value) == read.map(\.value))
    try second.close()
    producer.close(flushTimeout: patience) { _ in }
  }

  @Test("a missing topic: in the metadata, for a producer, for a consumer")
  func missingTopic() throws {
    let configuration = KafkaConfiguration(["bootstrap.servers": servers])
    let found = try AdminClient.reach(configuration, topics: [topic], timeout: patience)
    #expect(found.topic(topic)?.error?.name == "UNKNOWN_TOPIC_OR_PART")
    #expect(found.topic(topic)?.error?.remedy?.contains("kafka-topics.sh") == true)

    let producer = try Producer(configuration: .producer(servers, ["topic.metadata.propagation.max.ms": "0"]))
    let error = #expect(throws: KafkaError.self) { try producer.partitionCount(of: topic, timeout: patience) }
    #expect(error?.isUnknownTopicOrPartition == true)
    producer.close(flushTimeout: .zero) { _ in }

    let consumer = try Consumer(configuration: .consumer(servers, group: RealKafka.uniqueName("group")))
    try consumer.subscribe(topics: [topic])
    try poll(consumer, for: "the error") { result in
      guard case .error(let error) = result else { return false }
      return error.isUnknownTopicOrPartition && error.message.contains(topic)
    }
    try consumer.close()
  }

  @Test("a record that the topic refuses as too large comes back with its delivery")
  func tooLargeForTopic() throws {
    let admin = try AdminClient(configuration: KafkaConfiguration(["bootstrap.servers": servers]))
    let small = AdminClient.NewTopic(topic, partitionCount: 1, configuration: ["max.message.bytes": "2000"])
    try admin.createAndWait([small])
    let producer = try Producer(configuration: .producer(servers))
    try producer.send(to: topic, key: nil, value: [UInt8](repeating: 7, count: 5000), tag: 1)
    let delivery = try #require(try producer.flushed().first)
    #expect(delivery.error?.isMessageTooLarge == true && delivery.tag == 1)
    #expect(producer.firstFatalError == nil)
    try producer.send(to: topic, key: nil, value: [1], tag: 2)
    #expect(try producer.flushed().map(\.error) == [nil])
    producer.close(flushTimeout: patience) { _ in }
  }
}

@Suite(
  "Real Kafka with TLS and SASL",
  .enabled(
    if: RealKafka.isSecureThere, "set SENTIMENT_TEST_KAFKA_SECURE and SENTIMENT_TEST_KAFKA_CA to a SASL_SSL listener to run these"
  ))
struct SecureKafkaTests {
  private func secure(_ more: [String: String] = [:]) -> KafkaConfiguration {
    KafkaConfiguration([
      "bootstrap.servers": RealKafka.secureServers ?? "", "security.protocol": "sasl_ssl",
      "ssl.ca.location": RealKafka.certificateAuthority ?? "", "sasl.mechanism": "PLAIN", "sasl.username": "worker",
      "sasl.password": "worker-secret",
    ]).merging(more)
  }

  @Test("PLAIN over TLS works")
  func plain() throws {
    #expect(try AdminClient.reach(secure(), timeout: patience).brokers.isEmpty == false)
  }

  @Test("a wrong password is told at once, without the password", arguments: ["PLAIN", "SCRAM-SHA-512"])
  func wrongPassword(mechanism: String) {
    let start = ContinuousClock.now
    let error = #expect(throws: KafkaError.self) {
      try AdminClient.reach(secure(["sasl.mechanism": mechanism, "sasl.password": "wrong-one"]), timeout: patience)
    }
    #expect(error?.name == "_AUTHENTICATION")
    #expect(error?.isRefusedLoginOrPermission == true)
    #expect(error?.description.contains("wrong-one") == false)
    #expect(error?.remedy?.contains("sasl.password") == true)
    #expect(ContinuousClock.now - start < patience)
  }

  @Test("SCRAM works, or says that this librdkafka cannot")
  func scram() {
    do {
      _ = try AdminClient.reach(secure(["sasl.mechanism": "SCRAM-SHA-512"]), timeout: patience)
    } catch {
      #expect(error.name == "_AUTHENTICATION")
      #expect(error.remedy?.contains("2.6.1") == true)
      #expect(LibraryVersion.number < LibraryVersion.Number(2, 6, 1))
    }
  }

  @Test("an untrusted certificate names ssl.ca.location")
  func untrusted() {
    var configuration = secure()
    configuration["ssl.ca.location"] = nil
    let error = #expect(throws: KafkaError.self) { try AdminClient.reach(configuration, timeout: patience) }
    #expect(error?.name == "_SSL")
    #expect(error?.remedy?.contains("ssl.ca.location") == true)
  }

  @Test("plain text to a TLS listener points at security.protocol")
  func plainToTLS() {
    let configuration = KafkaConfiguration(["bootstrap.servers": RealKafka.secureServers ?? ""])
    let error = #expect(throws: KafkaError.self) { try AdminClient.reach(configuration, timeout: .seconds(2)) }
    #expect(error?.isConnectionError == true)
    #expect(error?.remedy?.contains("security.protocol") == true)
  }

  @Test("a user without permission is told for topic and group")
  func permissions() throws {
    let topic = RealKafka.uniqueName("secure")
    let admin = try AdminClient(configuration: secure())
    try admin.createAndWait([.init(topic, partitionCount: 1)])
    let guest = secure(["sasl.username": "guest", "sasl.password": "guest-secret"])
    let found = try AdminClient.reach(guest, topics: [topic], timeout: patience)
    #expect(found.topic(topic)?.error?.name == "TOPIC_AUTHORIZATION_FAILED")
    let consumer = try Consumer(configuration: guest.merging(["group.id": "guests"]))
    try consumer.subscribe(topics: [topic])
    try poll(consumer, for: "the refusal") { result in
      guard case .error(let error) = result else { return false }
      return error.isRefusedLoginOrPermission && error.remedy?.contains("kafka-acls.sh") == true
    }
    try consumer.close()
  }
}
