internal import CRdKafka

extension Producer {
  /// Enqueues a record; its bytes are copied. Never blocks.
  ///
  /// - Parameters:
  ///   - partition: nil lets the `partitioner` choose by key.
  ///   - key: nil for a null key, which is not the same as an empty one.
  ///   - value: nil for a null value, a tombstone.
  ///   - timestamp: milliseconds since 1970 UTC; nil for now.
  ///   - tag: any number; it comes back in the `Delivery`.
  /// - Throws: `_QUEUE_FULL` (`isQueueFull`) when the local queue is full: poll, then send again. `MSG_SIZE_TOO_LARGE` for a
  ///   record above `message.max.bytes`. Once thrown, no delivery will come for this call.
  public func send(
    to topic: String, partition: Int32? = nil, key: Span<UInt8>?, value: Span<UInt8>?, headers: [Header] = [],
    timestamp: Int64? = nil, tag: UInt64 = 0
  ) throws(KafkaError) {
    try enqueue(
      to: topic, partition, key: Self.native(key), value: Self.native(value), headers: try Self.headers(nil, adding: headers),
      timestamp: timestamp, tag: tag)
  }

  /// `send` for bytes in arrays.
  public func send(
    to topic: String, partition: Int32? = nil, key: [UInt8]?, value: [UInt8]?, headers: [Header] = [],
    timestamp: Int64? = nil, tag: UInt64 = 0
  ) throws(KafkaError) {
    // Arrays are kept alive to the end of the closures; a null one never is looked at.
    let result: Result<Void, KafkaError> = (key ?? []).withUnsafeBufferPointer { keyBytes in
      (value ?? []).withUnsafeBufferPointer { valueBytes in
        Result { () throws(KafkaError) in
          try enqueue(
            to: topic, partition, key: crdkafka_bytes_t(base: keyBytes.baseAddress, count: keyBytes.count, present: key != nil),
            value: crdkafka_bytes_t(base: valueBytes.baseAddress, count: valueBytes.count, present: value != nil),
            headers: try Self.headers(nil, adding: headers), timestamp: timestamp, tag: tag)
        }
      }
    }
    try result.get()
  }

  /// Enqueues a record with the key, headers and timestamp of one that was read, and another value. Nothing but librdkafka's
  /// own copies is made of them.
  ///
  /// - Parameters:
  ///   - addedHeaders: come after the record's own.
  ///   - timestamp: nil for the record's.
  public func send(
    to topic: String, partition: Int32? = nil, keyAndHeadersOf record: ConsumerRecord, value: Span<UInt8>?,
    addingHeaders addedHeaders: [Header] = [], timestamp: Int64? = nil, tag: UInt64 = 0
  ) throws(KafkaError) {
    try send(to: topic, partition, record, value: Self.native(value), addedHeaders, timestamp, tag)
  }

  /// Enqueues a record with everything of one that was read, the value included.
  public func forward(
    _ record: ConsumerRecord, to topic: String, partition: Int32? = nil, addingHeaders addedHeaders: [Header] = [],
    timestamp: Int64? = nil, tag: UInt64 = 0
  ) throws(KafkaError) {
    try send(to: topic, partition, record, value: record.nativeValue, addedHeaders, timestamp, tag)
  }

  private func send(
    to topic: String, _ partition: Int32?, _ record: ConsumerRecord, value: crdkafka_bytes_t, _ addedHeaders: [Header],
    _ timestamp: Int64?, _ tag: UInt64
  ) throws(KafkaError) {
    try enqueue(
      to: topic, partition, key: record.nativeKey, value: value, headers: try Self.headers(record, adding: addedHeaders),
      timestamp: timestamp ?? record.timestamp, tag: tag)
    withExtendedLifetime(record) {}  // its memory was borrowed until here
  }

  // MARK: To librdkafka

  /// The span's memory outlives the call that it is a parameter of, and librdkafka copies before that ends.
  private static func native(_ bytes: Span<UInt8>?) -> crdkafka_bytes_t {
    guard let bytes else { return crdkafka_bytes_t(base: nil, count: 0, present: false) }
    return bytes.withUnsafeBufferPointer { crdkafka_bytes_t(base: $0.baseAddress, count: $0.count, present: true) }
  }

  /// A header list of librdkafka's for a new record; nil, without an allocation, when there are no headers.
  private static func headers(_ record: ConsumerRecord?, adding added: [Header]) throws(KafkaError) -> OpaquePointer? {
    let copied = record?.withNativeHeaders { $0.flatMap { rd_kafka_headers_copy($0) } } ?? nil
    if added.isEmpty { return copied }
    guard let headers = copied ?? rd_kafka_headers_new(added.count) else {
      throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE)
    }
    for header in added {
      let code =
        if let value = header.value {
          value.withUnsafeBytes { bytes in
            // A null pointer would make an empty value a null one.
            withUnsafePointer(to: UInt8(0)) { empty in
              rd_kafka_header_add(headers, header.name, -1, bytes.baseAddress ?? UnsafeRawPointer(empty), bytes.count)
            }
          }
        } else {
          rd_kafka_header_add(headers, header.name, -1, nil, 0)
        }
      if code != RD_KAFKA_RESP_ERR_NO_ERROR {
        rd_kafka_headers_destroy(headers)
        throw KafkaError(code, "Header '\(header.name)' cannot be added.")
      }
    }
    return headers
  }

  private func enqueue(
    to topic: String, _ partition: Int32?, key: crdkafka_bytes_t, value: crdkafka_bytes_t, headers: OpaquePointer?,
    timestamp: Int64?, tag: UInt64
  ) throws(KafkaError) {
    var failure: KafkaError?
    do throws(KafkaError) {
      try refuseIfSpoilt()
      let handle = try open()
      guard let bits = UInt(exactly: tag) else { throw .invalidArgument("Tag \(tag) does not fit into a pointer of this CPU.") }
      let code = crdkafka_produce(
        handle.client, try handle.topic(topic).pointer, partition ?? RD_KAFKA_PARTITION_UA, key, value, headers,
        max(0, timestamp ?? 0), UnsafeMutableRawPointer(bitPattern: bits))
      if code == RD_KAFKA_RESP_ERR_NO_ERROR { return }  // the headers are librdkafka's now
      failure = code == RD_KAFKA_RESP_ERR__FATAL ? handle.fatalCondition ?? KafkaError(code) : KafkaError(code)
    } catch {
      failure = error
    }
    if let headers { rd_kafka_headers_destroy(headers) }
    if let failure { throw failure }
  }
}
