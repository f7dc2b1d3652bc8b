internal import CRdKafka
import Synchronization

/// Writes records.
///
/// `send` only enqueues; librdkafka's threads batch, send and retry. Every record that was enqueued gives exactly one
/// `Delivery`, during `poll`, `flush` or `close`, so one of them must be called regularly.
///
/// @unchecked Sendable: the handle is behind a mutex and librdkafka's functions are thread-safe. Deliveries are handed to
/// whichever thread polls; one at a time does, others wait for it. A delivery's closure must not poll, flush or close.
public final class Producer: @unchecked Sendable {
  /// nil once closed.
  private let handle: Mutex<ClientHandle?>
  /// Held while a thread polls; guards the buffer that deliveries are taken into.
  private let reports = Mutex<[DeliveryReport]>([])
  /// A step of a transaction failed in a way that leaves open what became of it.
  private let isSpoilt = Atomic<Bool>(false)

  /// - Throws: `_INVALID_ARG` and the like when librdkafka refuses the configuration; no broker is contacted yet.
  public init(configuration: KafkaConfiguration, handlers: ClientHandlers = ClientHandlers()) throws(KafkaError) {
    if configuration["delivery.report.only.error"]?.lowercased() == "true" {
      throw .invalidArgument(
        "Kafka property delivery.report.only.error=true: every delivery has to be reported, or nobody would know what is done.")
    }
    handle = Mutex(try ClientHandle(.producer, configuration, handlers: handlers))
  }

  func open() throws(KafkaError) -> ClientHandle {
    guard let handle = handle.withLock({ $0 }) else { throw .closed("producer") }
    return handle
  }

  /// Nothing more may be sent by this producer, whatever librdkafka itself thinks of it.
  func spoil() { isSpoilt.store(true, ordering: .relaxed) }

  func refuseIfSpoilt() throws(KafkaError) {
    guard isSpoilt.load(ordering: .relaxed) else { return }
    throw KafkaError(
      RD_KAFKA_RESP_ERR__STATE,
      "A transaction of this producer failed with an unknown outcome: close it and make another with the same transactional.id.",
      isFatal: true, isRetriable: false)
  }

  // MARK: Deliveries

  /// Hands over the deliveries that are known; if there are none, waits up to `timeout` for some.
  ///
  /// - Returns: how many there were.
  @discardableResult
  public func poll(timeout: Duration, onDelivery: (Delivery) -> Void) -> Int {
    guard let handle = handle.withLock({ $0 }) else { return 0 }
    return serve(handle, onDelivery) { _ = rd_kafka_poll(handle.client, timeout.kafkaMilliseconds) }
  }

  /// Sends what is queued without waiting for `linger.ms`, and hands over deliveries until all have come.
  ///
  /// - Throws: `_TIMED_OUT` when some have not after `timeout`; they will come with later polls.
  public func flush(timeout: Duration, onDelivery: (Delivery) -> Void) throws(KafkaError) {
    let handle = try open()
    guard flush(handle, Deadline(timeout), onDelivery) else {
      throw KafkaError(
        RD_KAFKA_RESP_ERR__TIMED_OUT, "\(outstandingCount) records were not acknowledged within \(timeout).")
    }
  }

  /// - Returns: whether everything was delivered in time.
  private func flush(_ handle: ClientHandle, _ deadline: Deadline, _ onDelivery: (Delivery) -> Void) -> Bool {
    while true {
      // In slices, so that deliveries are handed over as they come and the queue of them stays short.
      var code = RD_KAFKA_RESP_ERR_NO_ERROR
      serve(handle, onDelivery) {
        code = rd_kafka_flush(handle.client, deadline.slice(.milliseconds(100)).kafkaMilliseconds)
      }
      if code == RD_KAFKA_RESP_ERR_NO_ERROR { return true }
      if deadline.hasPassed { return false }
    }
  }

  /// Runs a call that serves librdkafka's queue, then hands over what its callbacks noted.
  @discardableResult
  func serve(_ handle: ClientHandle, _ onDelivery: (Delivery) -> Void, _ call: () -> Void) -> Int {
    let count = reports.withLock { reports in
      call()
      handle.context.takeReports(into: &reports)
      guard !reports.isEmpty else { return 0 }
      let fatal = reports.contains { $0.failed } ? handle.fatalCondition : nil
      for report in reports { onDelivery(report.delivery(fatal: fatal)) }
      return reports.count
    }
    handle.dispatch()
    return count
  }

  /// Records that were sent and whose delivery has not been handed over yet.
  public var outstandingCount: Int {
    handle.withLock { $0 }.map { Int(rd_kafka_outq_len($0.client)) } ?? 0
  }

  /// Gives up everything that is not acknowledged yet: the deliveries come with errors that are `isPurged`. Whether records
  /// that were on their way are written stays unknown.
  public func purge() throws(KafkaError) {
    try KafkaError.check(rd_kafka_purge(open().client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT))
  }

  // MARK: State

  /// How many partitions a topic has.
  ///
  /// - Throws: `UNKNOWN_TOPIC_OR_PART` and the like; what a connection failed of, when no broker answers within `timeout`.
  public func partitionCount(of topic: String, timeout: Duration) throws(KafkaError) -> Int {
    let handle = try open()
    let metadata = try handle.metadata(topics: [topic], timeout: timeout)
    guard let found = metadata.topics.first(where: { $0.name == topic }) else {
      throw KafkaError(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, "Topic '\(topic)' does not exist.")
    }
    if let error = found.error { throw error }
    return found.partitions.count
  }

  /// The first fatal error, after which every `send` fails and this producer only can be closed.
  public var firstFatalError: KafkaError? { handle.withLock { $0 }?.fatalCondition }

  /// The most telling connection error so far (refused login before lost connection); nil when there was none.
  public var lastConnectionError: KafkaError? { handle.withLock { $0 }?.context.connectionTrouble.rootCause }

  // MARK: Closing

  /// Flushes for up to `flushTimeout`, gives up what is left, hands over all deliveries and frees the client.
  /// Closing again does nothing.
  ///
  /// - Returns: how many records were given up; their deliveries came with errors that are `isPurged`.
  @discardableResult
  public func close(flushTimeout: Duration, onDelivery: (Delivery) -> Void) -> Int {
    // From here on `send` is refused; a send that has the handle already finishes first, and its record is counted below.
    let taken = handle.withLock { handle in
      defer { handle = nil }
      return handle
    }
    guard let taken else { return 0 }
    var givenUp = 0
    let count: (Delivery) -> Void = { delivery in
      if delivery.error?.isPurged == true { givenUp += 1 }
      onDelivery(delivery)
    }
    if !flush(taken, Deadline(flushTimeout), count) {
      rd_kafka_purge(taken.client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
      // Purged records are reported by librdkafka's own threads, without any network.
      _ = flush(taken, Deadline(.seconds(5)), count)
    }
    return givenUp
  }
}
