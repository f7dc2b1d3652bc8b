internal import CRdKafka

/// A list of partitions as librdkafka passes them around, owned by this value.
struct PartitionList: ~Copyable {
  let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

  init(_ partitions: some Sequence<TopicPartition>) throws(KafkaError) {
    try self.init(partitions.map { ($0, Int64(RD_KAFKA_OFFSET_INVALID)) })
  }

  init(_ offsets: [(TopicPartition, Int64)]) throws(KafkaError) {
    guard let list = rd_kafka_topic_partition_list_new(Int32(clamping: offsets.count)) else {
      throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE)
    }
    for (partition, offset) in offsets {
      guard let element = rd_kafka_topic_partition_list_add(list, partition.topic, partition.partition) else { continue }
      element.pointee.offset = offset
    }
    pointer = list
  }

  /// Takes over a list that librdkafka made for the caller.
  init(consuming list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>) { pointer = list }

  deinit { rd_kafka_topic_partition_list_destroy(pointer) }

  var entries: [PartitionListEntry] { PartitionListEntry.all(of: pointer) }

  /// Throws the first error of a partition; some calls succeed as a whole and fail in parts.
  func checkEach(_ what: String) throws(KafkaError) {
    for entry in entries where entry.error != RD_KAFKA_RESP_ERR_NO_ERROR {
      throw KafkaError(
        entry.error, "\(what) \(entry.partition): \(String(cString: rd_kafka_err2str(entry.error)))")
    }
  }
}

/// One element of a list, copied out of it.
struct PartitionListEntry {
  let partition: TopicPartition
  /// nil for librdkafka's logical offsets (invalid, stored, beginning, end).
  let offset: Int64?
  let error: rd_kafka_resp_err_t

  static func all(of list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> [PartitionListEntry] {
    guard let list, let elements = list.pointee.elems else { return [] }
    return (0..<Int(list.pointee.cnt)).map { index in
      let element = elements[index]
      return PartitionListEntry(
        partition: TopicPartition(topic: String(orEmpty: element.topic), partition: element.partition),
        offset: element.offset >= 0 ? element.offset : nil, error: element.err)
    }
  }
}
