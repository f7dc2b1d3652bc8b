import Kafka
import Telemetry

/// Hands outcomes to the producer in each partition's order, in transactions that hold the offsets too: exactly once.
///
/// Lanes and the intake send what may go out; the deliveries thread alone drives the transaction (`takeDeliveries`), asks
/// `TransactionCore` what to do next, does it, and says how it went. While a transaction is being committed nothing is sent,
/// and the lanes label on; what they settle goes into the next one.
///
/// An aborted transaction's outcomes are still in the pipeline, in order: they are sent again, not labelled again. Where it is
/// not sure that they were aborted, the group's committed offsets decide.
final class TransactionalOutlet: OutcomeOutlet {
  private typealias Release = WorkerState.Core.Release

  private struct Sending: Sendable {
    /// nil before the first, and while one is made anew.
    var producer: Producer?
    /// Released and not yet sent: the producer's queue was full.
    var unsent: [Release] = []
    /// A release was not taken: the transaction lacks it, and must not be committed.
    var isIncomplete = false
  }

  private let state: Monitor<WorkerState>
  private let sender: OutcomeSender
  private let options: WorkerOptions
  private let metrics: WorkerMetrics
  private let log: Logger
  /// Held while sending, so that the order in which the core releases is the order in which the producer gets. Taken before
  /// the state's lock, never the other way round.
  private let sending = Locked(Sending())
  /// Of the deliveries thread.
  private let progress = Locked(Progress())

  private struct Progress: Sendable {
    /// The transactional id was ours once: from then on whatever fails is tried again.
    var hasBegun = false
    /// Until when that is waited for, from the first attempt on.
    var startDeadline: Nanoseconds?
    /// Failed steps since the last commit.
    var failures = 0
  }

  init(state: Monitor<WorkerState>, topics: WorkerTopics, options: WorkerOptions, metrics: WorkerMetrics, log: Logger) {
    self.state = state
    sender = OutcomeSender(topics: topics)
    self.options = options
    self.metrics = metrics
    self.log = log
  }

  // MARK: Sending

  func sendReleases() {
    sending.withLock { sending in
      repeat {
        if sending.unsent.isEmpty { sending.unsent = nextReleases() }
      } while !sending.unsent.isEmpty && sendUnsent(&sending)
    }
  }

  private func nextReleases() -> [Release] {
    state.withLock { state in
      var releases: [Release] = []
      let now = MonotonicClock.now
      while releases.count < 64, state.transaction?.mayRelease == true, let next = state.core.nextRelease() {
        state.core.markReleased(next.id, at: now)
        state.transaction?.released(1, at: now)
        releases.append(next)
      }
      return releases
    }
  }

  /// - Returns: whether everything was sent; false at a full queue, and when the transaction cannot go on.
  private func sendUnsent(_ sending: inout Sending) -> Bool {
    guard let producer = sending.producer, !sending.isIncomplete else { return false }
    var sent = 0
    while sent < sending.unsent.count {
      switch sender.send(sending.unsent[sent], by: producer) {
      case nil: sent += 1
      case .queueFull:
        sending.unsent.removeFirst(sent)
        return false
      case .refused(let error):
        if !error.concernsWholeTransaction, let replacement = replacement(for: sending.unsent[sent].id, error) {
          sending.unsent[sent] = replacement
        } else {
          // It stays in the ledger, and goes out again after the abort.
          sending.isIncomplete = true
          sending.unsent.removeAll()
          state.update { $0.transaction?.refused(TransactionFailure(error), at: MonotonicClock.now) }
          return false
        }
      }
    }
    sending.unsent.removeAll(keepingCapacity: true)
    return true
  }

  /// An outcome will never be taken: it gives way to a smaller one, or ends the worker.
  private func replacement(for id: RecordID, _ error: KafkaError) -> Release? {
    guard let (record, outcome) = state.withLock({ $0.core.released(id) }) else { return nil }
    metrics.produceErrors.increment()
    switch sender.answer(to: error, of: outcome, record) {
    case .smaller(let smaller): return state.withLock { $0.core.replace(id, with: smaller) }
    case .failure(let failure):
      state.update { $0.fail(failure) }
      return nil
    }
  }

  /// Takes deliveries that failed. Acknowledgements tell nothing here, the commit does.
  ///
  /// A record that the broker refused gets another outcome for the next transaction; this one is spoilt, and so is the
  /// producer, whose sequence of records now has a gap.
  private func note(_ deliveries: [Delivery]) {
    var isSpoilt = false
    for delivery in deliveries {
      guard let error = delivery.error, !error.isPurged else { continue }
      isSpoilt = true
      if !error.concernsWholeTransaction, !error.isRetriable { _ = replacement(for: RecordID(tag: delivery.tag), error) }
    }
    guard isSpoilt else { return }
    sending.withLock { $0.isIncomplete = true }
    state.update { $0.transaction?.refused(.indefinite, at: MonotonicClock.now) }
  }

  // MARK: Steps of the transaction

  func takeDeliveries(timeout: Duration) {
    let now = MonotonicClock.now
    let (step, offsets) = state.withLock { state -> (TransactionCore<ConsumerGroupMetadata>.Step?, [TopicPartition: Int64]) in
      guard state.failure == nil else { return (nil, [:]) }
      return (state.transaction?.nextStep(at: now, state.core.transactionCircumstances), state.core.transactionOffsets)
    }
    switch step {
    case .wait(let moment): wait(min(timeout, Duration(nanoseconds: moment &- min(moment, now))))
    case .initialise: initialise()
    case .begin: begin()
    case .commit(let member): commit(offsets, member, since: now)
    case .abort: abort()
    case .lookUp: lookUp(offsets)
    case .giveUp: giveUp()
    case nil: wait(timeout)
    }
  }

  /// Serves the producer; short, so that a stop or a revocation is soon seen.
  private func wait(_ timeout: Duration) {
    serve(min(timeout, .milliseconds(20)))
    sendReleases()
  }

  private func serve(_ timeout: Duration) {
    guard let producer = sending.withLock({ $0.producer }) else { return pause(timeout) }
    // Noted after the poll, during which the producer's deliveries are locked.
    var failed: [Delivery] = []
    metrics.deliveries.increment(by: producer.poll(timeout: timeout) { if $0.error != nil { failed.append($0) } })
    note(failed)
  }

  private func pause(_ time: Duration) {
    let _: Void? = state.wait(until: MonotonicClock.now &+ time.nanoseconds) { state, _ in state.hasEnded ? () : nil }
  }

  /// Makes a producer, the first one or one in the place of one that is of no further use.
  private func initialise() {
    let old = sending.withLock { sending in
      defer { sending = Sending() }
      return sending.producer
    }
    old?.close(flushTimeout: .zero) { _ in }
    progress.withLock { progress in
      progress.startDeadline = progress.startDeadline ?? MonotonicClock.now &+ options.startTimeout.nanoseconds
    }
    do throws(KafkaError) {
      let producer = try Producer(configuration: options.producer, handlers: log.clientHandlers(errors: metrics.produceErrors))
      let isDone = attempt("take over the transactional id") { () throws(TransactionError) in
        try producer.initTransactions(timeout: options.startTimeout)
      }
      guard isDone else {
        producer.close(flushTimeout: .zero) { _ in }
        return
      }
      progress.withLock { $0.hasBegun = true }
      sending.withLock { $0.producer = producer }
      noteEnded { $0.initialised() }
    } catch {
      state.update { $0.fail(.kafka(error)) }
    }
  }

  private func begin() {
    guard let producer = sending.withLock({ $0.producer }) else { return }
    guard attempt("begin a transaction", { () throws(TransactionError) in try producer.beginTransaction() }) else { return }
    state.update { $0.transaction?.began() }
    sendReleases()
  }

  private func commit(_ offsets: [TopicPartition: Int64], _ member: ConsumerGroupMetadata, since start: Nanoseconds) {
    guard let producer = completeSending() else {
      state.update { $0.transaction?.failed(.indefinite, at: MonotonicClock.now) }
      return
    }
    var failed: [Delivery] = []
    let isDone = attempt("commit a transaction") { () throws(TransactionError) in
      try self.untilDone { () throws(TransactionError) in try producer.sendOffsets(offsets, of: member) }
      try self.untilDone { () throws(TransactionError) in
        try producer.commitTransaction { if $0.error != nil { failed.append($0) } }
      }
    }
    note(failed)
    guard isDone else { return }
    progress.withLock { $0.failures = 0 }
    noteCommitted(since: start)
  }

  /// Has everything released sent and acknowledged.
  ///
  /// Committing would wait for the acknowledgements too, but could not be called off: librdkafka 2.0.2 sends nothing more to a
  /// partition whose leader has refused a record, and would find out by `message.timeout.ms` only.
  /// - Returns: the producer, if nothing was refused.
  private func completeSending() -> Producer? {
    while !state.withLock({ $0.hasEnded }) {
      let (producer, isSent) = sending.withLock { sending in
        (sending.producer, sending.unsent.isEmpty || sendUnsent(&sending))
      }
      guard let producer else { return nil }
      var isAcknowledged = false
      var failed: [Delivery] = []
      if isSent {
        isAcknowledged = (try? producer.flush(timeout: .milliseconds(50)) { if $0.error != nil { failed.append($0) } }) != nil
        note(failed)
      } else {
        serve(.milliseconds(10))
      }
      if sending.withLock({ $0.isIncomplete }) { return nil }
      if isAcknowledged { return producer }
    }
    return nil
  }

  private func noteCommitted(since start: Nanoseconds) {
    let now = MonotonicClock.now
    metrics.deliveries.increment()
    let acknowledgements = state.update { state in
      state.transaction?.committed()
      return state.core.transactionCommitted()
    }
    metrics.transactions.noteCommitted(after: now &- start)
    for acknowledgement in acknowledgements { metrics.note(acknowledgement, at: now) }
  }

  private func abort() {
    let current = sending.withLock { sending in
      sending.unsent.removeAll()
      return sending.producer
    }
    guard let producer = current else { return }
    let isDone = attempt("abort a transaction") { () throws(TransactionError) in
      try self.untilDone { () throws(TransactionError) in try producer.abortTransaction { _ in } }
    }
    guard isDone else { return }
    sending.withLock { $0.isIncomplete = false }
    noteEnded { $0.aborted() }
  }

  /// The transaction is over; unless it is to be looked up first, its outcomes go into the next one.
  private func noteEnded(_ event: (inout TransactionCore<ConsumerGroupMetadata>) -> Bool) {
    let isAborted = state.update { state in
      guard var transaction = state.transaction else { return false }
      let hadRecords = transaction.records > 0
      let isOver = event(&transaction)
      state.transaction = transaction
      if isOver { state.core.transactionAborted() }
      return isOver && hadRecords
    }
    if isAborted { metrics.transactions.noteAborted() }
  }

  /// The last transaction's offsets may be committed although a step failed: asks the group.
  ///
  /// Nobody else commits offsets of partitions that are ours, and those of one transaction are committed together. Offsets of
  /// a partition that has just been lost, unnoticed yet, may have moved on; they do not count as ours having failed.
  private func lookUp(_ offsets: [TopicPartition: Int64]) {
    // All its partitions are gone, and with them the question.
    if offsets.isEmpty { return noteEnded { $0.lookedUp() } }
    do throws(KafkaError) {
      let asker = try Consumer(configuration: options.consumer)
      let found = try asker.committed(Array(offsets.keys), timeout: options.startTimeout)
      let isCommitted = offsets.allSatisfy { partition, offset in found[partition].map { $0 >= offset } ?? false }
      log.warning("after a failed transaction the group's offsets tell what became of it", ["committed": .bool(isCommitted)])
      if isCommitted { noteCommitted(since: MonotonicClock.now) } else { noteEnded { $0.lookedUp() } }
    } catch {
      noteFailure("look the group's offsets up", error)
    }
  }

  private func giveUp() {
    state.update {
      $0.fail(
        WorkerError(
          .fenced,
          "another producer has taken over the transactional id \(options.producer["transactional.id"] ?? ""), so this worker may write no more; "
            + "nothing of its open transaction is visible. Give each worker an id of its own (delivery.transactional-id), or leave the choice to the program"
        ))
    }
  }

  // MARK: Failures

  /// Makes one step; says in the log and to the core if it fails.
  /// - Returns: whether it was done.
  private func attempt(_ what: String, _ step: () throws(TransactionError) -> Void) -> Bool {
    do throws(TransactionError) {
      try step()
      return true
    } catch {
      let failure = TransactionFailure(error)
      let isHopeless = error.cause.isRefusedLoginOrPermission || (failure != .fenced && !mayStillBegin(after: error.cause))
      state.update { state in
        state.transaction?.failed(failure, isStaleMember: error.isStaleGroupMember, at: MonotonicClock.now)
        if isHopeless { state.fail(.kafka(error.cause)) }
      }
      noteFailure(what, error.cause)
      return false
    }
  }

  /// Before the transactional id was ours once, only what time may mend is tried again, and only for as long as a start may take:
  /// its former owner's transaction is still being ended, its coordinator moves.
  private func mayStillBegin(after error: KafkaError) -> Bool {
    let (hasBegun, deadline) = progress.withLock { ($0.hasBegun, $0.startDeadline) }
    return hasBegun || (error.isTransient && MonotonicClock.now < deadline ?? 0)
  }

  private func noteFailure(_ what: String, _ error: KafkaError) {
    metrics.produceErrors.increment()
    log.warning(
      "a step of a transaction failed; the results are sent again in another one, and are visible once",
      ["step": "\(what)", "error": "\(error)"])
    // One failure is nothing, more of them in a row mean that something needs time.
    let count = progress.withLock { progress in
      progress.failures += 1
      return progress.failures
    }
    if count > 1 { pause(.milliseconds(100 << min(count, 6))) }
  }

  /// Repeats a call as long as it may be repeated and the worker goes on; librdkafka bounds each by `transaction.timeout.ms`.
  private func untilDone(_ call: () throws(TransactionError) -> Void) throws(TransactionError) {
    var attempts = 0
    while true {
      do throws(TransactionError) {
        return try call()
      } catch {
        attempts += 1
        guard error.remedy == .retry, attempts < 3, !state.withLock({ $0.hasEnded }) else { throw error }
      }
    }
  }

  var isOutstanding: Bool {
    let count = sending.withLock { $0.producer }?.outstandingCount ?? 0
    return count > 0 || state.withLock { $0.transaction?.isUnderWay == true }
  }

  // MARK: The end

  func close() {
    let (producer, isOpen) = (
      sending.withLock { $0.producer }, state.withLock { ($0.transaction?.records ?? 0) > 0 }
    )
    guard let producer else { return }
    // Readers would otherwise wait for it until it times out.
    if isOpen { try? producer.abortTransaction(timeout: .seconds(5)) { _ in } }
    producer.close(flushTimeout: .zero) { _ in }
  }
}

extension TransactionCore.Failure {
  init(_ error: TransactionError) {
    self = error.isFenced ? .fenced : error.remedy == .abort ? .abortable : .indefinite
  }

  /// Of a record that the producer did not take.
  init(_ error: KafkaError) { self = error.isFenced ? .fenced : .indefinite }
}

private typealias TransactionFailure = TransactionCore<ConsumerGroupMetadata>.Failure
