internal import CRdKafka

/// What Kafka or librdkafka refused, with what a user can do about it.
///
/// `code` and `name` are librdkafka's own: negative codes with a leading underscore in the name arise in the client
/// (`-195`, `_TRANSPORT`), positive ones come from a broker (`3`, `UNKNOWN_TOPIC_OR_PART`).
public struct KafkaError: Error, Sendable, Equatable {
  /// librdkafka's error code; never 0.
  public let code: Int
  /// The code's symbolic name, for example `_TRANSPORT`; `ERR_n?` for a code that this library does not know.
  public let name: String
  /// What happened, in words, with the details that librdkafka gave. Holds no secrets.
  public let message: String
  /// The client instance is of no further use and must be closed (for example: the idempotent producer lost its sequence).
  public let isFatal: Bool
  /// The same call may succeed later without anything being changed. Kafka counts a missing topic as such.
  public let isRetriable: Bool
  /// The current transaction must be aborted before anything else is done. Always false outside transactions.
  public let requiresAbort: Bool

  init(
    _ code: rd_kafka_resp_err_t, _ message: String? = nil, isFatal: Bool = false, isRetriable: Bool? = nil,
    requiresAbort: Bool = false
  ) {
    self.code = Int(code.rawValue)
    self.name = String(cString: rd_kafka_err2name(code))
    self.message = message ?? String(cString: rd_kafka_err2str(code))
    self.isFatal = isFatal
    self.isRetriable = isRetriable ?? Self.retriableCodes.contains(code.rawValue)
    self.requiresAbort = requiresAbort
  }

  /// The same error with other words; librdkafka's come first or last as the caller composes them.
  func saying(_ message: String) -> KafkaError {
    KafkaError(
      responseCode, message, isFatal: isFatal, isRetriable: isRetriable, requiresAbort: requiresAbort)
  }

  var responseCode: rd_kafka_resp_err_t { rd_kafka_resp_err_t(Int32(truncatingIfNeeded: code)) }

  /// What to change or check, for the errors that users meet; nil where no general advice is true.
  public var remedy: String? { Remedy.text(for: self, library: LibraryVersion.number) }
}

extension KafkaError: CustomStringConvertible {
  /// The message with the symbolic name: `Local: Queue full (_QUEUE_FULL)`.
  public var description: String { "\(message) (\(name))" }
}

// MARK: - The errors that callers branch on

extension KafkaError {
  /// The producer's local queue is full: serve deliveries with `poll`, then send the record again.
  public var isQueueFull: Bool { responseCode == RD_KAFKA_RESP_ERR__QUEUE_FULL }
  /// The time allowed for the call ran out; whether it took effect is unknown.
  public var isTimeout: Bool {
    responseCode == RD_KAFKA_RESP_ERR__TIMED_OUT || responseCode == RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT
      || responseCode == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT
  }
  /// The topic or partition does not exist.
  public var isUnknownTopicOrPartition: Bool {
    responseCode == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || responseCode == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC
      || responseCode == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION
  }
  /// The topic to be created is there already.
  public var isTopicAlreadyExists: Bool { responseCode == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS }
  /// The record is larger than the client's `message.max.bytes` or the topic's `max.message.bytes`.
  public var isMessageTooLarge: Bool {
    responseCode == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || responseCode == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE
  }
  /// Credentials were refused, or the principal lacks a permission.
  public var isRefusedLoginOrPermission: Bool {
    switch responseCode {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      true
    default: false
    }
  }
  /// Time alone may mend the cause, whatever has become of the client that met it. librdkafka's own mark, `isRetriable`, speaks of
  /// the same call on the same client.
  public var isTransient: Bool { isRetriable || Self.retriableCodes.contains(responseCode.rawValue) }
  /// No broker can be reached at present, for whatever reason.
  public var isConnectionError: Bool {
    switch responseCode {
    case RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__RESOLVE,
      RD_KAFKA_RESP_ERR__SSL, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
      true
    default: isRefusedLogin
    }
  }
  var isRefusedLogin: Bool {
    responseCode == RD_KAFKA_RESP_ERR__AUTHENTICATION || responseCode == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED
  }
  /// The delivery was given up by `purge`: the record was not, or for those in flight may not have been, written.
  public var isPurged: Bool {
    responseCode == RD_KAFKA_RESP_ERR__PURGE_QUEUE || responseCode == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT
  }
  /// Another member of the group has taken this one's `group.instance.id`.
  public var isFencedInstance: Bool { responseCode == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID }
  /// The group is rebalancing or the member is no longer part of this generation: the commit did not take effect.
  public var isStaleGroupMember: Bool {
    switch responseCode {
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
      RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID,
      RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST:
      true
    default: false
    }
  }

  static func closed(_ what: String) -> KafkaError {
    KafkaError(RD_KAFKA_RESP_ERR__DESTROY, "This \(what) has been closed.")
  }
  static func invalidArgument(_ message: String) -> KafkaError {
    KafkaError(RD_KAFKA_RESP_ERR__INVALID_ARG, message)
  }

  /// Codes after which the same request may succeed by itself (Kafka's own list of retriable errors, and the client's).
  private static let retriableCodes: Set<Int32> = Set(
    [
      RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
      RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__QUEUE_FULL, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
      RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__RETRY,
      RD_KAFKA_RESP_ERR_INVALID_MSG, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
      RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
      RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
      RD_KAFKA_RESP_ERR_NOT_CONTROLLER, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
      RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
      RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_PREFERRED_LEADER_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
    ].map(\.rawValue))
}

// MARK: - From librdkafka

extension KafkaError {
  /// Takes over (and destroys) an error object of librdkafka; nil for a null one, which means success.
  init?(consuming error: OpaquePointer?) {
    guard let error else { return nil }
    defer { rd_kafka_error_destroy(error) }
    self.init(
      rd_kafka_error_code(error), String(cString: rd_kafka_error_string(error)), isFatal: rd_kafka_error_is_fatal(error) != 0,
      isRetriable: rd_kafka_error_is_retriable(error) != 0, requiresAbort: rd_kafka_error_txn_requires_abort(error) != 0)
  }

  /// Throws unless `code` means success.
  static func check(_ code: rd_kafka_resp_err_t, _ message: @autoclosure () -> String? = nil) throws(KafkaError) {
    if code != RD_KAFKA_RESP_ERR_NO_ERROR { throw KafkaError(code, message()) }
  }
}
