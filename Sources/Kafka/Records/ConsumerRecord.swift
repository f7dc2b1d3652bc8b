internal import CRdKafka
import Synchronization

/// One record read from a partition.
///
/// Key, value and headers stay in librdkafka's memory and are lent, not copied. Beware of keeping a few records for long:
/// each keeps the whole fetch response that it came in (up to `fetch.message.max.bytes` per partition).
///
/// A record may be used and let go of on any thread, also after its consumer is closed.
///
/// @unchecked Sendable: the message is never changed after its creation but for librdkafka's first parse of the headers,
/// which `headerLock` guards.
public final class ConsumerRecord: @unchecked Sendable {
  /// The topic's name; shared by all records of the topic, so reading it allocates nothing.
  public let topic: String
  private let message: UnsafeMutablePointer<rd_kafka_message_t>
  private let headerLock = Mutex(())
  /// Keeps the client alive: the message must be destroyed before it (see `ClientHandle`).
  private let handle: ClientHandle

  init(_ message: UnsafeMutablePointer<rd_kafka_message_t>, topic: String, handle: ClientHandle) {
    self.message = message
    self.topic = topic
    self.handle = handle
  }

  // The message goes before the stored properties are released, and so before the client.
  deinit { rd_kafka_message_destroy(message) }

  public var partition: Int32 { message.pointee.partition }
  /// Position in the partition; the offset to commit when everything up to this record is done is `offset + 1`.
  public var offset: Int64 { message.pointee.offset }
  public var topicPartition: TopicPartition { TopicPartition(topic: topic, partition: partition) }

  // MARK: Time

  public enum TimestampType: Sendable, Hashable {
    /// Set by the producer.
    case createTime
    /// Set by the broker when it appended the record.
    case logAppendTime
  }

  /// Milliseconds since 1970 UTC, nil where the record has none.
  public var timestamp: Int64? {
    var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
    let milliseconds = rd_kafka_message_timestamp(message, &type)
    return type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || milliseconds < 0 ? nil : milliseconds
  }

  /// Who set the timestamp, nil where the record has none.
  public var timestampType: TimestampType? {
    var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
    _ = rd_kafka_message_timestamp(message, &type)
    switch type {
    case RD_KAFKA_TIMESTAMP_CREATE_TIME: return .createTime
    case RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME: return .logAppendTime
    default: return nil
    }
  }

  // MARK: Key and value

  /// Bytes of the value, nil where it is null.
  public var valueCount: Int? { message.pointee.payload == nil ? nil : message.pointee.len }
  /// Bytes of the key, nil where it is null.
  public var keyCount: Int? { message.pointee.key == nil ? nil : message.pointee.key_len }
  /// The value is null: in a compacted topic the record deletes its key.
  public var isTombstone: Bool { message.pointee.payload == nil }
  /// Bytes that the record stands for in memory: key, value and a fixed share for the rest; headers are not counted.
  public var approximateByteCount: Int { (valueCount ?? 0) + (keyCount ?? 0) + Self.overheadByteCount }
  /// What librdkafka and this class keep for each record, roughly.
  private static let overheadByteCount = 256

  /// Lends the value's bytes; nil for a null value, empty for an empty one.
  public func withValue<Result, Failure: Error>(
    _ body: (Span<UInt8>?) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try Self.lend(message.pointee.payload, message.pointee.len, to: body)
  }

  /// Lends the key's bytes; nil for a null key, empty for an empty one.
  public func withKey<Result, Failure: Error>(
    _ body: (Span<UInt8>?) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try Self.lend(message.pointee.key, message.pointee.key_len, to: body)
  }

  /// A copy of the value; nil where it is null.
  public var value: [UInt8]? { Self.copy(message.pointee.payload, message.pointee.len) }
  /// A copy of the key; nil where it is null.
  public var key: [UInt8]? { Self.copy(message.pointee.key, message.pointee.key_len) }

  private static func lend<Result, Failure: Error>(
    _ base: UnsafeMutableRawPointer?, _ count: Int, to body: (Span<UInt8>?) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let base else { return try body(nil) }
    let bytes = UnsafeBufferPointer(start: UnsafePointer(base.assumingMemoryBound(to: UInt8.self)), count: count)
    return try body(bytes.span)
  }

  private static func copy(_ base: UnsafeMutableRawPointer?, _ count: Int) -> [UInt8]? {
    base.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) }
  }

  // MARK: Headers

  /// Whether the record has any header. The first question parses the headers.
  public var hasHeaders: Bool { withNativeHeaders { $0.map { rd_kafka_header_cnt($0) > 0 } ?? false } }

  /// The headers in their order, duplicates included; copied at each call. Headers that cannot be parsed count as none.
  public var headers: [Header] {
    withNativeHeaders { native in
      guard let native else { return [] }
      var headers: [Header] = []
      var name: UnsafePointer<CChar>?
      var value: UnsafeRawPointer?
      var count = 0
      while rd_kafka_header_get_all(native, headers.count, &name, &value, &count) == RD_KAFKA_RESP_ERR_NO_ERROR {
        let bytes = value.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) }
        headers.append(Header(String(orEmpty: name), bytes))
      }
      return headers
    }
  }

  /// The last value under this name, as Kafka's own clients answer; nil where there is none or it is null.
  public func header(_ name: String) -> [UInt8]? {
    withNativeHeaders { native in
      var value: UnsafeRawPointer?
      var count = 0
      guard let native, rd_kafka_header_get_last(native, name, &value, &count) == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
      return value.map { Array(UnsafeRawBufferPointer(start: $0, count: count)) }
    }
  }

  /// librdkafka's header list, which stays with the message; nil where there are no headers.
  func withNativeHeaders<Result>(_ body: (OpaquePointer?) -> Result) -> Result {
    // The lock covers the first call, which parses and writes the list into the message; reading it needs none.
    var native: OpaquePointer?
    let code = headerLock.withLock { _ in rd_kafka_message_headers(message, &native) }
    return body(code == RD_KAFKA_RESP_ERR_NO_ERROR ? native : nil)
  }

  // MARK: For the producer

  /// The key as librdkafka takes it; valid while the record lives.
  var nativeKey: crdkafka_bytes_t {
    crdkafka_bytes_t(base: message.pointee.key, count: message.pointee.key_len, present: message.pointee.key != nil)
  }
  /// The value as librdkafka takes it; valid while the record lives.
  var nativeValue: crdkafka_bytes_t {
    crdkafka_bytes_t(base: message.pointee.payload, count: message.pointee.len, present: message.pointee.payload != nil)
  }
}

extension ConsumerRecord: CustomStringConvertible {
  /// Where the record is, without its contents: `reviews [3] @ 42`.
  public var description: String { "\(topicPartition) @ \(offset)" }
}
