internal import CRdKafka

/// Which member of which generation of its group a consumer is: what `Producer.sendOffsets` has to prove.
///
/// @unchecked Sendable: librdkafka's object is never changed after it is made, and this is its only owner.
public final class ConsumerGroupMetadata: @unchecked Sendable {
  let pointer: OpaquePointer

  fileprivate init(owning pointer: OpaquePointer) { self.pointer = pointer }

  deinit { rd_kafka_consumer_group_metadata_destroy(pointer) }

  /// In librdkafka's private form, which serves to tell two of them apart.
  fileprivate static func bytes(of pointer: OpaquePointer) throws(KafkaError) -> [UInt8] {
    var buffer: UnsafeMutableRawPointer?
    var count = 0
    if let error = KafkaError(consuming: rd_kafka_consumer_group_metadata_write(pointer, &buffer, &count)) { throw error }
    guard let buffer else { return [] }
    defer { rd_kafka_mem_free(nil, buffer) }
    return Array(UnsafeRawBufferPointer(start: buffer, count: count))
  }
}

extension Consumer {
  /// This consumer's place in its group; nil while it has none.
  ///
  /// It stays the proof of the moment it was asked for. Ask anew in each `assigned` and `revoked` of the delegate, and forget it
  /// in `lost`; offsets that are sent with an outdated one are refused, which is the purpose.
  public func groupMetadata() throws(KafkaError) -> ConsumerGroupMetadata? {
    let answer = try askGroup { handle in rd_kafka_consumer_group_metadata(handle.client).map(ConsumerGroupMetadata.init(owning:))
    }
    guard let metadata = answer else { return nil }
    // A consumer that has just lost its membership gives metadata without member and generation. Brokers take those for a
    // client that manages its partitions by itself, and would let its offsets pass unchecked.
    guard let outsider = rd_kafka_consumer_group_metadata_new(groupID) else {
      throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE)
    }
    defer { rd_kafka_consumer_group_metadata_destroy(outsider) }
    return try ConsumerGroupMetadata.bytes(of: metadata.pointer) == ConsumerGroupMetadata.bytes(of: outsider) ? nil : metadata
  }
}
