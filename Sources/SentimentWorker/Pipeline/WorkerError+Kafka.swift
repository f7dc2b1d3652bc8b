import Kafka

extension WorkerError {
  /// What Kafka refused, with what to do about it and the exit status of its kind.
  static func kafka(_ error: KafkaError) -> WorkerError { WorkerError(Kind(error) ?? .kafka, text(error)) }

  /// What the consumer cannot go on with.
  static func unreadable(_ error: KafkaError, topic: String) -> WorkerError {
    WorkerError(Kind(error) ?? .kafka, "topic \(topic) cannot be read: \(text(error))")
  }

  /// A record that no broker will ever take.
  static func undeliverable(_ error: KafkaError, to topic: String) -> WorkerError {
    WorkerError(Kind(error) ?? .delivery, "a record could not be delivered to topic \(topic): \(text(error))")
  }

  /// A topic that has to be there.
  static func missing(topic: String, on options: WorkerOptions) -> WorkerError {
    let brokers = options.producer["bootstrap.servers"] ?? "HOST:PORT"
    return WorkerError(
      .topicMissing,
      "topic \(topic) does not exist; create it with: "
        + "kafka-topics.sh --bootstrap-server \(brokers) --create --topic \(topic) --partitions 4")
  }

  private static func text(_ error: KafkaError) -> String { error.remedy.map { "\(error); \($0)" } ?? "\(error)" }
}

extension WorkerError.Kind {
  /// The kind that an error of Kafka has wherever it is met; nil where that depends on the place.
  fileprivate init?(_ error: KafkaError) {
    if error.isRefusedLoginOrPermission {
      self = .refused
    } else if error.isUnknownTopicOrPartition {
      self = .topicMissing
    } else if error.isFencedInstance {
      self = .fenced
    } else {
      return nil
    }
  }
}
