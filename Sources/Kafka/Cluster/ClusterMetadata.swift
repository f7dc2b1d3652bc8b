internal import CRdKafka

/// What a cluster says of itself.
public struct ClusterMetadata: Sendable, Equatable {
  public struct Broker: Sendable, Equatable {
    public let id: Int32
    /// The address that the broker advertises to clients.
    public let host: String
    public let port: Int
  }

  public struct Partition: Sendable, Equatable {
    public let id: Int32
    /// The broker that serves it; nil while there is none.
    public let leader: Int32?
    public let replicas: [Int32]
    public let inSyncReplicas: [Int32]
    public let error: KafkaError?
  }

  public struct Topic: Sendable, Equatable {
    public let name: String
    /// In order of their ids.
    public let partitions: [Partition]
    /// Why the topic cannot be used: missing, or not allowed.
    public let error: KafkaError?
  }

  /// In order of their ids.
  public let brokers: [Broker]
  public var topics: [Topic]

  public func topic(_ name: String) -> Topic? { topics.first { $0.name == name } }

  init(_ native: rd_kafka_metadata) {
    brokers = Self.array(native.brokers, native.broker_cnt).map {
      Broker(id: $0.id, host: String(orEmpty: $0.host), port: Int($0.port))
    }.sorted { $0.id < $1.id }
    topics = Self.array(native.topics, native.topic_cnt).map { topic in
      let name = String(orEmpty: topic.topic)
      return Topic(
        name: name, partitions: Self.array(topic.partitions, topic.partition_cnt).map(Partition.init).sorted { $0.id < $1.id },
        error: topic.err == RD_KAFKA_RESP_ERR_NO_ERROR
          ? nil : KafkaError(topic.err, "Topic '\(name)': \(String(cString: rd_kafka_err2str(topic.err)))"))
    }
  }

  fileprivate static func array<Element>(_ base: UnsafeMutablePointer<Element>?, _ count: Int32) -> [Element] {
    base.map { Array(UnsafeBufferPointer(start: $0, count: max(0, Int(count)))) } ?? []
  }
}

extension ClusterMetadata.Partition {
  fileprivate init(_ native: rd_kafka_metadata_partition) {
    id = native.id
    leader = native.leader >= 0 ? native.leader : nil
    replicas = ClusterMetadata.array(native.replicas, native.replica_cnt)
    inSyncReplicas = ClusterMetadata.array(native.isrs, native.isr_cnt)
    error = native.err == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(native.err)
  }
}

// MARK: - Asking for it

extension ClientHandle {
  /// The brokers, and the topics named, or all of them for nil. A topic that is missing is in the answer, with an error.
  ///
  /// - Throws: when no broker answers within `timeout`, the root cause that connecting failed of. A refused login or an
  ///   untrusted certificate is thrown as soon as it is known.
  func metadata(topics: [String]?, timeout: Duration) throws(KafkaError) -> ClusterMetadata {
    let deadline = Deadline(timeout)
    // A call serves no callbacks, so what went wrong is seen only between calls: short ones first, to be quick about
    // refusals, then longer ones, for brokers that are far away or slow.
    var patience = Duration.milliseconds(250)
    func ask(_ topic: OpaquePointer?, all: Bool) throws(KafkaError) -> ClusterMetadata {
      while true {
        var native: UnsafePointer<rd_kafka_metadata>?
        let wait = deadline.slice(patience).kafkaMilliseconds
        let code = rd_kafka_metadata(client, all ? 1 : 0, topic, &native, wait)
        if code == RD_KAFKA_RESP_ERR_NO_ERROR, let native {
          defer { rd_kafka_metadata_destroy(native) }
          return ClusterMetadata(native.pointee)
        }
        rd_kafka_poll(client, 0)
        dispatch()
        let trouble = context.connectionTrouble
        if deadline.hasPassed || trouble.isHopeless { throw unreachable(code, trouble, after: timeout) }
        patience *= 2
      }
    }
    guard let topics else { return try ask(nil, all: true) }
    var answer = try ask(nil, all: false)
    answer.topics = []
    for topic in topics { answer.topics += try ask(self.topic(topic).pointer, all: false).topics }
    return answer
  }

  private func unreachable(
    _ code: rd_kafka_resp_err_t, _ trouble: ConnectionTrouble, after timeout: Duration
  ) -> KafkaError {
    guard let cause = trouble.rootCause else {
      return KafkaError(code, "No broker answered within \(timeout): \(String(cString: rd_kafka_err2str(code)))")
    }
    return trouble.isHopeless ? cause : cause.saying("No broker answered within \(timeout): \(cause.message)")
  }
}
