internal import CRdKafka
import Synchronization

/// librdkafka's in-process Kafka: brokers on loopback ports that speak the real protocol, also to other processes.
///
/// For demonstrations and tests. It keeps 5 MiB or 100,000 batches per partition and forgets everything at its end. It cannot
/// show transactions, look-ups by time, TLS, SASL or static membership as a real broker does, and creates topics that are
/// asked for (4 partitions) unless they are made first.
///
/// librdkafka lets its brokers listen on free ports of 127.0.0.1 only. A port of one's own choice is a relay to the first of
/// them; the brokers advertise their own ports, so that clients go on there.
///
/// @unchecked Sendable: the pointers are behind a mutex and librdkafka passes most calls to the mock's own thread.
public final class MockCluster: @unchecked Sendable {
  /// Used behind the mutex only.
  private struct Native: @unchecked Sendable {
    let client: OpaquePointer
    let cluster: OpaquePointer
  }
  /// nil once closed.
  private let native: Mutex<Native?>
  private let relay: PortRelay?
  /// Where clients begin: `127.0.0.1:port` with a port of one's own choice, otherwise all brokers, comma-separated.
  public let bootstrapServers: String
  /// The brokers' ids: 1 … n.
  public let brokerIDs: [Int32]

  /// - Parameters:
  ///   - brokers: how many, from 1.
  ///   - port: where to listen for clients; nil for the brokers' own ports, 0 for any free one.
  /// - Throws: `_INVALID_ARG` when the port is in use or not allowed.
  public init(brokers: Int = 1, port: UInt16? = nil) throws(KafkaError) {
    guard brokers >= 1, let count = Int32(exactly: brokers) else {
      throw .invalidArgument("A mock cluster has at least one broker, not \(brokers).")
    }
    var text = [CChar](repeating: 0, count: 512)
    let configuration = rd_kafka_conf_new()
    rd_kafka_conf_set_log_cb(configuration, nil)
    // The client that the mock belongs to has no brokers and does nothing.
    guard let client = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, &text, text.count) else {
      rd_kafka_conf_destroy(configuration)
      throw KafkaError(rd_kafka_last_error(), String(truncating: text))
    }
    guard let cluster = rd_kafka_mock_cluster_new(client, count) else {
      rd_kafka_destroy(client)
      throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, "The mock cluster cannot listen on a port of 127.0.0.1.")
    }
    let servers = String(orEmpty: rd_kafka_mock_cluster_bootstraps(cluster))
    let relay: PortRelay?
    do throws(KafkaError) {
      relay = try port.map { port throws(KafkaError) in try PortRelay(port: port, to: Self.firstPort(of: servers)) }
    } catch {
      rd_kafka_mock_cluster_destroy(cluster)
      rd_kafka_destroy(client)
      throw error
    }
    self.relay = relay
    native = Mutex(Native(client: client, cluster: cluster))
    bootstrapServers = relay.map { "127.0.0.1:\($0.port)" } ?? servers
    brokerIDs = Array(1...count)
  }

  private static func firstPort(of servers: String) -> UInt16 {
    servers.split(separator: ",").first?.split(separator: ":").last.flatMap { UInt16($0) } ?? 0
  }

  deinit { close() }

  /// Stops the brokers; clients see their connections close. Closing again does nothing.
  public func close() {
    relay?.close()
    native.withLock { native in
      guard let open = native else { return }
      rd_kafka_mock_cluster_destroy(open.cluster)  // before the client that it belongs to
      rd_kafka_destroy(open.client)
      native = nil
    }
  }

  private func with(_ body: (OpaquePointer) -> rd_kafka_resp_err_t) throws(KafkaError) {
    let code = native.withLock { native in native.map { body($0.cluster) } }
    guard let code else { throw .closed("mock cluster") }
    try KafkaError.check(code)
  }

  /// Creates a topic; its partitions are replicated to all brokers, up to 3.
  public func createTopic(_ name: String, partitions: Int) throws(KafkaError) {
    guard partitions >= 1, let count = Int32(exactly: partitions) else {
      throw .invalidArgument("A topic has at least one partition, not \(partitions).")
    }
    let replicas = Int32(min(3, brokerIDs.count))
    try with { rd_kafka_mock_topic_create($0, name, count, replicas) }
  }

  /// Requests of the Kafka protocol that errors can be injected into; raw values are its API keys.
  public enum Request: Int16, Sendable {
    case produce = 0
    case fetch = 1
    case listOffsets = 2
    case metadata = 3
    case offsetCommit = 8
    case offsetFetch = 9
    case findCoordinator = 10
    case joinGroup = 11
    case heartbeat = 12
    case leaveGroup = 13
    case syncGroup = 14
    case initProducerID = 22
  }

  /// The next requests of this kind fail with these error codes, one each (0 lets one pass).
  public func pushErrors(_ codes: [Int], for request: Request) throws(KafkaError) {
    let errors = codes.map { rd_kafka_resp_err_t(Int32(clamping: $0)) }
    try with {
      rd_kafka_mock_push_request_errors_array($0, request.rawValue, errors.count, errors)
      return RD_KAFKA_RESP_ERR_NO_ERROR
    }
  }

  /// Forgets injected errors that were not used.
  public func clearErrors(for request: Request) throws(KafkaError) {
    try with {
      rd_kafka_mock_clear_request_errors($0, request.rawValue)
      return RD_KAFKA_RESP_ERR_NO_ERROR
    }
  }

  /// Makes a topic answer with an error code in metadata, for example 3 for a topic that does not exist; 0 ends that.
  public func setError(_ code: Int, ofTopic topic: String) throws(KafkaError) {
    try with {
      rd_kafka_mock_topic_set_error($0, topic, rd_kafka_resp_err_t(Int32(clamping: code)))
      return RD_KAFKA_RESP_ERR_NO_ERROR
    }
  }

  /// Closes a broker's connections and accepts none until `setUp`.
  public func setDown(broker: Int32) throws(KafkaError) { try with { rd_kafka_mock_broker_set_down($0, broker) } }

  public func setUp(broker: Int32) throws(KafkaError) { try with { rd_kafka_mock_broker_set_up($0, broker) } }

  /// Delays every answer of a broker.
  public func setRoundTripTime(_ duration: Duration, broker: Int32) throws(KafkaError) {
    try with { rd_kafka_mock_broker_set_rtt($0, broker, duration.kafkaMilliseconds) }
  }

  /// Makes a broker the leader of a partition.
  public func setLeader(of partition: TopicPartition, broker: Int32) throws(KafkaError) {
    try with { rd_kafka_mock_partition_set_leader($0, partition.topic, partition.partition, broker) }
  }

  /// Makes a broker the coordinator of a consumer group.
  public func setCoordinator(ofGroup group: String, broker: Int32) throws(KafkaError) {
    try with { rd_kafka_mock_coordinator_set($0, "group", group, broker) }
  }
}
