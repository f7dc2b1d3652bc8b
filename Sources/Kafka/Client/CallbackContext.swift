internal import CRdKafka
import Synchronization

/// What librdkafka's callbacks find under their `opaque` pointer, and where they leave what they were told.
///
/// Callbacks only note things here; user code runs after librdkafka has returned (`ClientHandle.dispatch`), so that it can
/// neither deadlock with librdkafka nor throw through C. The one exception is the rebalance callback, inside which
/// librdkafka expects the application to finish with its partitions.
final class CallbackContext: @unchecked Sendable {
  /// Things noted and not yet passed on.
  struct Pending {
    var logs: [LogMessage] = []
    var errors: [KafkaError] = []
    var statistics: [String] = []
    var commits: [CommitResult] = []

    var isEmpty: Bool { logs.isEmpty && errors.isEmpty && statistics.isEmpty && commits.isEmpty }
  }

  private let pending = Mutex(Pending())
  private let trouble = Mutex(ConnectionTrouble())
  private let reports = Mutex<[DeliveryReport]>([])

  /// Guarded by the consumer's confinement to one thread: set before its first poll, called by the polling thread only.
  var rebalance: ((rd_kafka_resp_err_t, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> Void)?

  func note(_ change: (inout Pending) -> Void) { pending.withLock { change(&$0) } }

  func noteError(_ error: KafkaError) {
    trouble.withLock { $0.note(error) }
    pending.withLock { $0.errors.append(error) }
  }

  func noteReport(_ report: DeliveryReport) { reports.withLock { $0.append(report) } }

  /// Takes what was noted; nil, without an allocation, when there is nothing.
  func takePending() -> Pending? {
    pending.withLock { pending in
      if pending.isEmpty { return nil }
      defer { pending = Pending() }
      return pending
    }
  }

  /// Swaps the noted delivery reports with the emptied `buffer`, so that two arrays serve for ever.
  func takeReports(into buffer: inout [DeliveryReport]) {
    buffer.removeAll(keepingCapacity: true)
    reports.withLock { swap(&$0, &buffer) }
  }

  var connectionTrouble: ConnectionTrouble { trouble.withLock { $0 } }
}

// MARK: - The callbacks

extension CallbackContext {
  /// Registers the callbacks that every client has. The opaque pointer is not retained: `ClientHandle` keeps the context
  /// alive until `rd_kafka_destroy` has returned, after which there are no more callbacks.
  func install(in configuration: OpaquePointer, role: ClientRole) {
    rd_kafka_conf_set_opaque(configuration, Unmanaged.passUnretained(self).toOpaque())
    rd_kafka_conf_set_log_cb(configuration) { client, level, facility, text in
      guard let context = CallbackContext.of(client) else { return }
      let log = LogMessage(level: Int(level), facility: String(orEmpty: facility), message: String(orEmpty: text))
      context.note { $0.logs.append(log) }
    }
    rd_kafka_conf_set_error_cb(configuration) { client, code, reason, opaque in
      guard let context = CallbackContext.at(opaque) else { return }
      context.noteError(CallbackContext.error(rd_kafka_resp_err_t(code), String(orEmpty: reason), of: client))
    }
    rd_kafka_conf_set_stats_cb(configuration) { _, json, count, opaque in
      guard let context = CallbackContext.at(opaque), let json else { return 0 }
      let text = json.withMemoryRebound(to: UInt8.self, capacity: count) { bytes in
        String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
      }
      context.note { $0.statistics.append(text) }
      return 0  // librdkafka frees the text
    }
    switch role {
    case .producer:
      rd_kafka_conf_set_dr_msg_cb(configuration) { _, message, opaque in
        guard let message, let context = CallbackContext.at(opaque) else { return }
        context.noteReport(DeliveryReport(message))
      }
    case .consumer:
      rd_kafka_conf_set_rebalance_cb(configuration) { client, code, partitions, opaque in
        guard let context = CallbackContext.at(opaque), let rebalance = context.rebalance else {
          // Nobody is interested any more: librdkafka still waits for an answer.
          rd_kafka_assign(client, nil)
          return
        }
        rebalance(code, partitions)
      }
    }
  }

  /// Serves one thing from a queue that is not polled as a consumer's, which would hand out its records.
  func serve(_ event: OpaquePointer) {
    defer { rd_kafka_event_destroy(event) }
    let list = rd_kafka_event_topic_partition_list(event)
    switch rd_kafka_event_type(event) {
    case RD_KAFKA_EVENT_REBALANCE: rebalance?(rd_kafka_event_error(event), list)
    case RD_KAFKA_EVENT_OFFSET_COMMIT: noteCommit(rd_kafka_event_error(event), list)
    case RD_KAFKA_EVENT_ERROR:
      noteError(KafkaError(rd_kafka_event_error(event), String(orEmpty: rd_kafka_event_error_string(event))))
    case RD_KAFKA_EVENT_LOG:
      var facility: UnsafePointer<CChar>?
      var text: UnsafePointer<CChar>?
      var level: Int32 = 0
      guard rd_kafka_event_log(event, &facility, &text, &level) == 0 else { return }
      let log = LogMessage(level: Int(level), facility: String(orEmpty: facility), message: String(orEmpty: text))
      note { $0.logs.append(log) }
    default: break
    }
  }

  /// For `rd_kafka_commit_queue`: its callback gets the outcome of one asynchronous commit, on the polling thread. (The
  /// configuration's own commit callback would report synchronous commits as well.)
  static let commitCallback:
    @convention(c) (
      OpaquePointer?, rd_kafka_resp_err_t, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?, UnsafeMutableRawPointer?
    ) -> Void = { client, code, offsets, _ in CallbackContext.of(client)?.noteCommit(code, offsets) }

  private func noteCommit(
    _ code: rd_kafka_resp_err_t, _ offsets: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
  ) {
    let result = CommitResult(code, offsets)
    note { $0.commits.append(result) }
  }

  private static func at(_ opaque: UnsafeMutableRawPointer?) -> CallbackContext? {
    opaque.map { Unmanaged<CallbackContext>.fromOpaque($0).takeUnretainedValue() }
  }
  private static func of(_ client: OpaquePointer?) -> CallbackContext? {
    client.flatMap { at(rd_kafka_opaque($0)) }
  }

  /// `_FATAL` stands for another error, which has to be asked for.
  private static func error(_ code: rd_kafka_resp_err_t, _ reason: String, of client: OpaquePointer?) -> KafkaError {
    guard code == RD_KAFKA_RESP_ERR__FATAL, let client else { return KafkaError(code, reason) }
    return ClientHandle.fatalCondition(of: client) ?? KafkaError(code, reason, isFatal: true)
  }
}

extension String {
  init(orEmpty text: UnsafePointer<CChar>?) { self = text.map { String(cString: $0) } ?? "" }
}
