internal import CRdKafka

/// What became of one record that was sent.
public struct Delivery: Sendable {
  /// The number that was given to `send`.
  public let tag: UInt64
  /// Where the record was written; a negative partition when none was chosen.
  public let partition: Int32
  /// Its offset; nil where it was not written, or is not known.
  public let offset: Int64?
  /// Why it was given up; nil when the broker acknowledged it.
  public let error: KafkaError?
  /// The record may be in the log although the delivery failed, so that sending it again may write it twice.
  public let mayHaveBeenWritten: Bool
}

/// A delivery as the callback notes it: plain numbers, so that noting allocates nothing.
struct DeliveryReport: Sendable {
  private let tag: UInt64
  private let offset: Int64
  private let partition: Int32
  private let code: Int32
  private let mayHaveBeenWritten: Bool

  init(_ message: UnsafePointer<rd_kafka_message_t>) {
    // The opaque pointer never was a pointer: it carries the tag's bits.
    tag = UInt64(UInt(bitPattern: message.pointee._private))
    offset = message.pointee.offset
    partition = message.pointee.partition
    code = message.pointee.err.rawValue
    mayHaveBeenWritten =
      code == 0 || rd_kafka_message_status(message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED
  }

  func delivery(fatal: KafkaError?) -> Delivery {
    Delivery(
      tag: tag, partition: partition, offset: code == 0 && offset >= 0 ? offset : nil, error: error(fatal: fatal),
      mayHaveBeenWritten: mayHaveBeenWritten)
  }

  var failed: Bool { code != 0 }

  private func error(fatal: KafkaError?) -> KafkaError? {
    guard failed else { return nil }
    let code = rd_kafka_resp_err_t(self.code)
    // `_FATAL` says only that the producer is of no further use; the reason is the client's.
    if code == RD_KAFKA_RESP_ERR__FATAL, let fatal { return fatal }
    // What librdkafka 2.0.2 may say of a record that was on its way when the partition vanished. (What is given up when the
    // producer ends is purged.)
    if code == RD_KAFKA_RESP_ERR__DESTROY {
      return KafkaError(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, "The partition was there, and is there no longer.")
    }
    return KafkaError(code)
  }
}
