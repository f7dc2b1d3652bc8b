internal import CRdKafka

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

extension Consumer {
  /// Commits, for each partition, the offset of the NEXT record to read: the last finished one's plus 1.
  ///
  /// - Parameters:
  ///   - synchronous: wait for the coordinator's answer (in a revocation, before the partitions go). Otherwise the outcome
  ///     comes to the delegate's `committed` during a later poll.
  ///   - timeout: how long to wait for it.
  /// - Throws: `ILLEGAL_GENERATION`, `UNKNOWN_MEMBER_ID` or `REBALANCE_IN_PROGRESS` (`isStaleGroupMember`) when the partitions
  ///   are no longer this member's; `_TIMED_OUT` without an answer in time: the offsets may yet be committed.
  public func commit(
    _ offsets: [TopicPartition: Int64], synchronous: Bool, timeout: Duration = .seconds(10)
  ) throws(KafkaError) {
    if offsets.isEmpty { return }
    if let bad = offsets.first(where: { $0.value < 0 }) {
      throw .invalidArgument("Cannot commit offset \(bad.value) of \(bad.key): offsets are not negative.")
    }
    let handle = try open()
    let client = handle.client
    let list = try PartitionList(offsets.map { ($0.key, $0.value) })
    guard synchronous else {
      return try KafkaError.check(
        rd_kafka_commit_queue(client, list.pointer, handle.queue, CallbackContext.commitCallback, nil))
    }
    // Not librdkafka's own synchronous commit, which waits for ever while no broker answers.
    guard let queue = rd_kafka_queue_new(client) else { throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE) }
    defer { rd_kafka_queue_destroy(queue) }
    try KafkaError.check(rd_kafka_commit_queue(client, list.pointer, queue, nil, nil))
    guard let event = rd_kafka_queue_poll(queue, timeout.kafkaMilliseconds) else {
      throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, "The commit was not answered within \(timeout).")
    }
    defer { rd_kafka_event_destroy(event) }
    let result = CommitResult(rd_kafka_event_error(event), rd_kafka_event_topic_partition_list(event))
    if let error = result.error ?? result.failures.first?.value { throw error.saying("Cannot commit: \(error.message)") }
  }

  /// The group's committed offsets, asked of the coordinator; partitions without one are left out. Works without being a member.
  ///
  /// With `isolation.level=read_committed`, librdkafka's default, offsets of a transaction that is being committed are waited for. (Not by
  /// librdkafka's admin request for the same, whose version 2.0.2 crashes while the cluster has no coordinator yet.)
  ///
  /// - Throws: a partition's error; `_TIMED_OUT` or the last retriable error without an answer in time.
  public func committed(_ partitions: [TopicPartition], timeout: Duration) throws(KafkaError) -> [TopicPartition: Int64] {
    if partitions.isEmpty { return [:] }
    let client = try open().client
    let deadline = Deadline(timeout)
    while true {
      do throws(KafkaError) {
        let list = try PartitionList(partitions)
        try KafkaError.check(rd_kafka_committed(client, list.pointer, deadline.remaining.kafkaMilliseconds))
        try list.checkEach("No committed offset for")
        return offsets(in: list)
      } catch {
        guard error.isRetriable, !error.isTimeout, !deadline.hasPassed else { throw error }
        usleep(UInt32(clamping: deadline.slice(.milliseconds(100)).kafkaMilliseconds) * 1000)
      }
    }
  }

  /// For each partition the offset of the first record whose timestamp is the given one, in milliseconds since 1970 UTC, or later;
  /// partitions that end before are left out.
  public func offsets(
    atTimes times: [TopicPartition: Int64], timeout: Duration
  ) throws(KafkaError) -> [TopicPartition: Int64] {
    if times.isEmpty { return [:] }
    let client = try open().client
    let list = try PartitionList(times.map { ($0.key, $0.value) })
    try KafkaError.check(rd_kafka_offsets_for_times(client, list.pointer, timeout.kafkaMilliseconds))
    try list.checkEach("No offset by time for")
    return offsets(in: list)
  }

  /// The offset after the last record that was delivered, without asking a broker; partitions of which none was are left out.
  public func position(_ partitions: [TopicPartition]) throws(KafkaError) -> [TopicPartition: Int64] {
    let client = try open().client
    let list = try PartitionList(partitions)
    try KafkaError.check(rd_kafka_position(client, list.pointer))
    return offsets(in: list)
  }

  private func offsets(in list: borrowing PartitionList) -> [TopicPartition: Int64] {
    Dictionary(
      list.entries.compactMap { entry in entry.offset.map { (entry.partition, $0) } }, uniquingKeysWith: { _, last in last })
  }

  /// The offsets that a partition spans: of its oldest record (`low`) and of the next to be written (`high`).
  public struct Watermarks: Sendable, Hashable {
    public let low: Int64
    public let high: Int64

    public init(low: Int64, high: Int64) {
      self.low = low
      self.high = high
    }
  }

  /// The watermarks as of the last fetch, without asking a broker; nil before the first fetch. Lag is `high` minus position.
  ///
  /// librdkafka learns `low` only with `statistics.interval.ms`, and says 0 until then.
  public func cachedWatermarks(_ partition: TopicPartition) -> Watermarks? {
    guard let client = try? open().client else { return nil }
    var low: Int64 = -1
    var high: Int64 = -1
    let code = rd_kafka_get_watermark_offsets(client, partition.topic, partition.partition, &low, &high)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, high >= 0 else { return nil }
    return Watermarks(low: max(0, low), high: high)
  }

  /// The watermarks, asked of the partition's leader.
  public func queryWatermarks(_ partition: TopicPartition, timeout: Duration) throws(KafkaError) -> Watermarks {
    let client = try open().client
    var low: Int64 = 0
    var high: Int64 = 0
    let code = rd_kafka_query_watermark_offsets(
      client, partition.topic, partition.partition, &low, &high, timeout.kafkaMilliseconds)
    try KafkaError.check(code, "No watermarks of \(partition): \(String(cString: rd_kafka_err2str(code)))")
    return Watermarks(low: low, high: high)
  }
}
