internal import CRdKafka

extension AdminClient {
  /// The offsets that a group has committed; partitions without one are left out.
  ///
  /// Offsets of a transaction that is being committed are waited for: while there are such, the answer is
  /// `UNSTABLE_OFFSET_COMMIT`, which is asked again until `timeout`.
  ///
  /// - Throws: a partition's error; `_TIMED_OUT` without an answer in time.
  public func committedOffsets(
    of group: String, _ partitions: [TopicPartition], timeout: Duration
  ) throws(KafkaError) -> [TopicPartition: Int64] {
    if partitions.isEmpty { return [:] }
    let deadline = Deadline(timeout)
    while true {
      do throws(KafkaError) {
        return try askForOffsets(of: group, partitions, timeout: deadline.remaining)
      } catch {
        guard error.isRetriable, !deadline.hasPassed else { throw error }
        // Serves connection errors, and leaves the coordinator a moment.
        rd_kafka_poll(handle.client, deadline.slice(.milliseconds(100)).kafkaMilliseconds)
        handle.dispatch()
      }
    }
  }

  private func askForOffsets(
    of group: String, _ partitions: [TopicPartition], timeout: Duration
  ) throws(KafkaError) -> [TopicPartition: Int64] {
    let list = try PartitionList(partitions)
    let options = rd_kafka_AdminOptions_new(handle.client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS)
    defer { rd_kafka_AdminOptions_destroy(options) }
    var text = [CChar](repeating: 0, count: 512)
    let code = rd_kafka_AdminOptions_set_request_timeout(options, max(1, timeout.kafkaMilliseconds), &text, text.count)
    try KafkaError.check(code, String(truncating: text))
    if let error = KafkaError(consuming: rd_kafka_AdminOptions_set_require_stable_offsets(options, 1)) { throw error }

    var request = rd_kafka_ListConsumerGroupOffsets_new(group, list.pointer)
    defer { rd_kafka_ListConsumerGroupOffsets_destroy(request) }
    let queue = rd_kafka_queue_new(handle.client)
    defer { rd_kafka_queue_destroy(queue) }
    rd_kafka_ListConsumerGroupOffsets(handle.client, &request, 1, options, queue)
    // The request has its own time-out; this one only guards against its never being answered.
    guard let event = rd_kafka_queue_poll(queue, (timeout + .seconds(5)).kafkaMilliseconds) else {
      throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, "No answer about the offsets of group '\(group)' within \(timeout).")
    }
    defer { rd_kafka_event_destroy(event) }
    try KafkaError.check(rd_kafka_event_error(event), String(orEmpty: rd_kafka_event_error_string(event)))
    return try Self.offsets(in: rd_kafka_event_ListConsumerGroupOffsets_result(event))
  }

  private static func offsets(in result: OpaquePointer?) throws(KafkaError) -> [TopicPartition: Int64] {
    var count = 0
    guard let result, let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count) else { return [:] }
    var offsets: [TopicPartition: Int64] = [:]
    for index in 0..<count {
      if let error = rd_kafka_group_result_error(groups[index]) {
        // The group result owns its error.
        throw KafkaError(rd_kafka_error_code(error), String(cString: rd_kafka_error_string(error)))
      }
      for entry in PartitionListEntry.all(of: .init(mutating: rd_kafka_group_result_partitions(groups[index]))) {
        if entry.error != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(entry.error) }
        offsets[entry.partition] = entry.offset
      }
    }
    return offsets
  }

  /// The cluster's own identifier; nil if no broker tells it within `timeout`.
  public func clusterID(timeout: Duration) -> String? {
    guard let text = rd_kafka_clusterid(handle.client, timeout.kafkaMilliseconds) else { return nil }
    defer { rd_kafka_mem_free(handle.client, text) }
    return String(cString: text)
  }
}
