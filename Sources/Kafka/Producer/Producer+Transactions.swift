internal import CRdKafka

/// Transactions: what is sent between `beginTransaction` and `commitTransaction` becomes visible to `read_committed` readers
/// at once, together with the offsets given to `sendOffsets`, or not at all.
///
/// The configuration needs a `transactional.id`. One thread drives a transaction; others may send meanwhile, except while one
/// is committed or aborted, when sending fails with `_STATE`.
///
/// Delivery errors other than purges (a record that is too large …) leave the sequence of librdkafka 2.0.2 with a gap: abort, then
/// make a new producer.
///
/// Every step throws a `TransactionError`, whose `remedy` says how to go on. After `.reinitialise` this producer refuses
/// everything but `close`.
extension Producer {
  /// Takes the transactional id over: shuts out an earlier producer with the same id, and ends what it left open. Once, before
  /// the first transaction. May be called again after `.retry`.
  public func initTransactions(timeout: Duration) throws(TransactionError) {
    try step { rd_kafka_init_transactions($0.client, timeout.kafkaMilliseconds) }
  }

  /// Begins a transaction; no broker is asked.
  public func beginTransaction() throws(TransactionError) {
    try step { rd_kafka_begin_transaction($0.client) }
  }

  /// Makes offsets of a consumer group part of the transaction: for each partition, that of the NEXT record to read.
  ///
  /// The group's coordinator refuses them (`isStaleGroupMember`) when `group` is not of its present generation, so that a
  /// worker that was taken for dead cannot commit what others have begun anew.
  ///
  /// - Parameter timeout: nil for what remains of `transaction.timeout.ms`.
  public func sendOffsets(
    _ offsets: [TopicPartition: Int64], of group: ConsumerGroupMetadata, timeout: Duration? = nil
  ) throws(TransactionError) {
    if offsets.isEmpty { return }
    if let bad = offsets.first(where: { $0.value < 0 }) {
      throw TransactionError(.invalidArgument("Cannot commit offset \(bad.value) of \(bad.key): offsets are not negative."))
    }
    let list = try Self.list(offsets)
    try step { rd_kafka_send_offsets_to_transaction($0.client, list.pointer, group.pointer, Self.milliseconds(timeout)) }
    withExtendedLifetime(group) {}
  }

  /// Waits until everything that was sent is acknowledged, then commits.
  ///
  /// - Parameter timeout: nil for what remains of `transaction.timeout.ms`, as librdkafka advises. After a time-out (`.retry`)
  ///   the commit goes on in the background, and calling again waits for it.
  public func commitTransaction(timeout: Duration? = nil, onDelivery: (Delivery) -> Void) throws(TransactionError) {
    try step(onDelivery) { rd_kafka_commit_transaction($0.client, Self.milliseconds(timeout)) }
  }

  /// Gives up what was sent and not acknowledged (its deliveries are `isPurged`), and has readers skip the rest.
  ///
  /// - Parameter timeout: as of `commitTransaction`.
  public func abortTransaction(timeout: Duration? = nil, onDelivery: (Delivery) -> Void) throws(TransactionError) {
    try step(onDelivery) { rd_kafka_abort_transaction($0.client, Self.milliseconds(timeout)) }
  }

  private static func list(_ offsets: [TopicPartition: Int64]) throws(TransactionError) -> PartitionList {
    do throws(KafkaError) {
      return try PartitionList(offsets.map { ($0.key, $0.value) })
    } catch {
      throw TransactionError(error)
    }
  }

  private static func milliseconds(_ timeout: Duration?) -> Int32 { timeout?.kafkaMilliseconds ?? -1 }

  /// A call that touches no delivery.
  private func step(_ call: (ClientHandle) -> OpaquePointer?) throws(TransactionError) {
    let handle = try usable()
    try check(call(handle))
  }

  /// A call that waits for deliveries, which are handed over once it has returned.
  private func step(
    _ onDelivery: (Delivery) -> Void, _ call: (ClientHandle) -> OpaquePointer?
  ) throws(TransactionError) {
    let handle = try usable()
    var error: OpaquePointer?
    serve(handle, onDelivery) { error = call(handle) }
    try check(error)
  }

  private func usable() throws(TransactionError) -> ClientHandle {
    do throws(KafkaError) {
      try refuseIfSpoilt()
      return try open()
    } catch {
      throw TransactionError(error)
    }
  }

  private func check(_ error: OpaquePointer?) throws(TransactionError) {
    guard let cause = KafkaError(consuming: error) else { return }
    let failure = TransactionError(cause)
    if failure.remedy == .reinitialise { spoil() }
    throw failure
  }
}
