internal import CRdKafka

/// Looks at a cluster and creates topics.
///
/// Thread-safe; every call waits for its answer.
public final class AdminClient: Sendable {
  let handle: ClientHandle

  /// - Throws: `_INVALID_ARG` and the like when librdkafka refuses the configuration; no broker is contacted yet.
  public init(configuration: KafkaConfiguration, handlers: ClientHandlers = ClientHandlers()) throws(KafkaError) {
    // A consumer, because asking for metadata as a producer would create missing topics on some brokers; without a group,
    // because it is to join none.
    var configuration = configuration
    for property in ["group.id", "group.instance.id"] { configuration[property] = nil }
    handle = try ClientHandle(
      .consumer, configuration.merging(["allow.auto.create.topics": "false", "enable.auto.commit": "false"]), handlers: handlers)
  }

  /// The brokers, and the topics named, or all that this user may see for nil. A topic that is missing or not allowed
  /// is in the answer, with its error.
  ///
  /// - Throws: when no broker answers within `timeout`, the root cause, such as a refused connection; its `remedy` says what to
  ///   do. A refused login or an untrusted certificate is thrown at once.
  public func metadata(topics: [String]? = nil, timeout: Duration) throws(KafkaError) -> ClusterMetadata {
    try handle.metadata(topics: topics, timeout: timeout)
  }

  /// Reaches a cluster once: `metadata` with a client of its own.
  public static func reach(
    _ configuration: KafkaConfiguration, topics: [String]? = nil, timeout: Duration, handlers: ClientHandlers = ClientHandlers()
  ) throws(KafkaError) -> ClusterMetadata {
    try AdminClient(configuration: configuration, handlers: handlers).metadata(topics: topics, timeout: timeout)
  }

  /// A topic to be created.
  public struct NewTopic: Sendable {
    public var name: String
    public var partitionCount: Int
    /// nil leaves it to the broker's default.
    public var replicationFactor: Int?
    /// Topic configuration, for example `["cleanup.policy": "compact"]`.
    public var configuration: [String: String]

    public init(_ name: String, partitionCount: Int, replicationFactor: Int? = nil, configuration: [String: String] = [:]) {
      self.name = name
      self.partitionCount = partitionCount
      self.replicationFactor = replicationFactor
      self.configuration = configuration
    }
  }

  /// Creates topics and waits until the controller has done so.
  ///
  /// - Returns: those that could not be created, with the reason (`isTopicAlreadyExists` …); empty when all were.
  /// - Throws: when the request as a whole failed.
  public func createTopics(_ topics: [NewTopic], timeout: Duration) throws(KafkaError) -> [String: KafkaError] {
    if topics.isEmpty { return [:] }
    // Also finds a refused login or connection, which the request itself would only report as a time-out.
    _ = try metadata(topics: [], timeout: timeout)

    var natives: [OpaquePointer?] = []
    defer { for native in natives { rd_kafka_NewTopic_destroy(native) } }
    for topic in topics { natives.append(try Self.native(topic)) }
    let options = rd_kafka_AdminOptions_new(handle.client, RD_KAFKA_ADMIN_OP_CREATETOPICS)
    defer { rd_kafka_AdminOptions_destroy(options) }
    var text = [CChar](repeating: 0, count: 512)
    for set in [rd_kafka_AdminOptions_set_request_timeout, rd_kafka_AdminOptions_set_operation_timeout] {
      let code = set(options, max(1, timeout.kafkaMilliseconds), &text, text.count)
      try KafkaError.check(code, String(truncating: text))
    }
    let queue = rd_kafka_queue_new(handle.client)
    defer { rd_kafka_queue_destroy(queue) }
    rd_kafka_CreateTopics(handle.client, &natives, natives.count, options, queue)
    // The request has its own time-out; this one only guards against its never being answered.
    guard let event = rd_kafka_queue_poll(queue, (timeout + .seconds(5)).kafkaMilliseconds) else {
      throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, "No answer to the creation of topics within \(timeout).")
    }
    defer { rd_kafka_event_destroy(event) }
    try KafkaError.check(rd_kafka_event_error(event), String(orEmpty: rd_kafka_event_error_string(event)))
    return Self.failures(in: rd_kafka_event_CreateTopics_result(event))
  }

  private static func native(_ topic: NewTopic) throws(KafkaError) -> OpaquePointer {
    var text = [CChar](repeating: 0, count: 512)
    guard let partitions = Int32(exactly: topic.partitionCount), let replicas = Int32(exactly: topic.replicationFactor ?? -1),
      let native = rd_kafka_NewTopic_new(topic.name, partitions, replicas, &text, text.count)
    else { throw .invalidArgument("Topic '\(topic.name)' cannot be created: \(String(truncating: text))") }
    for (name, value) in topic.configuration {
      let code = rd_kafka_NewTopic_set_config(native, name, value)
      if code != RD_KAFKA_RESP_ERR_NO_ERROR {
        rd_kafka_NewTopic_destroy(native)
        throw KafkaError(code, "Topic '\(topic.name)' cannot have \(name)=\(value).")
      }
    }
    return native
  }

  private static func failures(in result: OpaquePointer?) -> [String: KafkaError] {
    var count = 0
    guard let result, let topics = rd_kafka_CreateTopics_result_topics(result, &count) else { return [:] }
    var failures: [String: KafkaError] = [:]
    for index in 0..<count {
      let topic = topics[index]
      let code = rd_kafka_topic_result_error(topic)
      if code == RD_KAFKA_RESP_ERR_NO_ERROR { continue }
      let text = rd_kafka_topic_result_error_string(topic).map { String(cString: $0) }
      failures[String(orEmpty: rd_kafka_topic_result_name(topic))] = KafkaError(code, text)
    }
    return failures
  }
}

extension AdminClient {
  /// The cluster's own identifier; nil if no broker tells it within `timeout`.
  public func clusterID(timeout: Duration) -> String? {
    guard let text = rd_kafka_clusterid(handle.client, timeout.kafkaMilliseconds) else { return nil }
    defer { rd_kafka_mem_free(handle.client, text) }
    return String(cString: text)
  }
}
