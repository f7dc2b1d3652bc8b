internal import CRdKafka

/// Why a step of a transaction failed, sorted by what has to be done about it.
public struct TransactionError: Error, Sendable, Equatable {
  public enum Remedy: Sendable, Equatable {
    /// Make the same call again, with the same arguments.
    case retry
    /// Nothing of the transaction is visible, nor will be: `abortTransaction`, then begin another.
    case abort
    /// What became of the transaction is not known, or this producer is of no further use. Close it and make another with the
    /// same `transactional.id`: its `initTransactions` ends what this one left open. Only then ask what was committed.
    case reinitialise
  }

  public let remedy: Remedy
  /// What librdkafka said.
  public let cause: KafkaError

  /// Errors that librdkafka marks neither as retriable nor as abortable leave the outcome open, so they count as fatal.
  init(_ cause: KafkaError) {
    self.cause = cause
    remedy =
      if cause.isFatal { .reinitialise } else if cause.requiresAbort { .abort } else if cause.isRetriable { .retry } else {
        .reinitialise
      }
  }

  /// Another producer has taken over the transactional id, or the coordinator gave the transaction up after
  /// `transaction.timeout.ms`; the broker's answer is the same for both.
  public var isFenced: Bool { cause.isFenced }
  /// The offsets were refused because the group has moved on: the partitions may belong to others.
  public var isStaleGroupMember: Bool { cause.isStaleGroupMember }
}

extension TransactionError: CustomStringConvertible {
  public var description: String { cause.description }
}

extension KafkaError {
  /// A newer producer with the same transactional id, or the coordinator, has shut this producer out.
  public var isFenced: Bool {
    switch responseCode {
    case RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH: true
    default: false
    }
  }

  /// Not this record is refused, but the producer's transaction or sequence as a whole is in the way: what to do is said by the
  /// next step of the transaction.
  public var concernsWholeTransaction: Bool {
    if isFenced || isPurged { return true }
    switch responseCode {
    case RD_KAFKA_RESP_ERR__STATE, RD_KAFKA_RESP_ERR__FATAL, RD_KAFKA_RESP_ERR__INCONSISTENT,
      RD_KAFKA_RESP_ERR__DESTROY, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
      RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER, RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID,
      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE,
      RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS:
      return true
    default: return isFatal
    }
  }
}
