internal import CRdKafka

/// What a consumer tells its owner about its partitions; called on the polling thread from within `poll` and `close`.
///
/// The methods may use the consumer (commit, pause, position …) and block to finish work, for less than
/// `max.poll.interval.ms`; they must not call its `poll` or `close`.
public protocol ConsumerDelegate: AnyObject {
  /// These partitions were added; fetching them has begun, records come with the next polls. Pausing them works already.
  func consumer(_ consumer: Consumer, assigned partitions: [TopicPartition])

  /// These partitions will go to another member when the method returns. Until then they still belong to this one:
  /// finish what is in flight and commit its offsets.
  func consumer(_ consumer: Consumer, revoked partitions: [TopicPartition])

  /// These partitions are gone already and may be read by others (for example after `session.timeout.ms`): discard what is
  /// in flight and commit nothing.
  func consumer(_ consumer: Consumer, lost partitions: [TopicPartition])

  /// An asynchronous commit is done.
  func consumer(_ consumer: Consumer, committed result: CommitResult)
}

extension ConsumerDelegate {
  public func consumer(_ consumer: Consumer, assigned partitions: [TopicPartition]) {}
  public func consumer(_ consumer: Consumer, revoked partitions: [TopicPartition]) {}
  public func consumer(_ consumer: Consumer, lost partitions: [TopicPartition]) {}
  public func consumer(_ consumer: Consumer, committed result: CommitResult) {}
}

/// The outcome of an asynchronous commit.
public struct CommitResult: Sendable, Equatable {
  /// The offsets that were to be committed.
  public let offsets: [TopicPartition: Int64]
  /// Partitions whose offset was refused although the commit as a whole was accepted.
  public let failures: [TopicPartition: KafkaError]
  /// Why the commit as a whole was refused; nil when it was accepted.
  public let error: KafkaError?

  init(_ code: rd_kafka_resp_err_t, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) {
    let entries = PartitionListEntry.all(of: list)
    offsets = Dictionary(
      entries.compactMap { entry in entry.offset.map { (entry.partition, $0) } }, uniquingKeysWith: { _, last in last })
    failures = Dictionary(
      entries.filter { $0.error != RD_KAFKA_RESP_ERR_NO_ERROR }.map { ($0.partition, KafkaError($0.error)) },
      uniquingKeysWith: { _, last in last })
    // Nothing to commit is no failure.
    error = code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__NO_OFFSET ? nil : KafkaError(code)
  }
}
