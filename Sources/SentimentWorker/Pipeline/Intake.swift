import Kafka
import Telemetry

/// Reads the input topic on a thread of its own: decodes and tokenises each record, gives it its place in the pipeline, and
/// keeps the consumer's side in order: pausing, committing, rebalancing.
final class Intake {
  private let state: Monitor<WorkerState>
  private let outlet: any OutcomeOutlet
  private let options: WorkerOptions
  private let metrics: WorkerMetrics
  private let log: Logger
  private let noteReadiness: @Sendable (Readiness.Event) -> Void
  private let preparation: Preparation
  private let consumer: Consumer
  /// A replay's; nil for a worker that reads for ever.
  private let replay: ReplayFollower?
  private var nextCommit: Nanoseconds
  private var nextLag: Nanoseconds = 0
  /// Assigned partitions that are paused. Only these are ever resumed: resuming one that is not paused makes librdkafka
  /// 2.0.2 fetch again what it has just delivered.
  private var paused: Set<TopicPartition> = []
  private var positions = ReadingPositions<TopicPartition>()
  /// Records of each partition that came again and were dropped, since it was last logged.
  private var comeAgain: [TopicPartition: Int] = [:]
  /// Partitions were assigned that have to be paused if consumption is.
  private var isAssignmentNew = false
  /// The worker ends because the input topic, or one it writes to, is no longer there.
  private var isTopicMissing = false

  /// - Throws: `KafkaError` if librdkafka refuses a property.
  init(
    state: Monitor<WorkerState>, model: any LabellingModel, outlet: any OutcomeOutlet, options: WorkerOptions,
    metrics: WorkerMetrics, log: Logger, noteReadiness: @escaping @Sendable (Readiness.Event) -> Void
  ) throws(KafkaError) {
    self.state = state
    self.outlet = outlet
    self.options = options
    self.metrics = metrics
    self.log = log
    self.noteReadiness = noteReadiness
    nextCommit = MonotonicClock.now &+ options.commitInterval.nanoseconds
    replay = options.replay.map { ReplayFollower($0, log: log) }
    preparation = Preparation(model: model, options: options, metrics: metrics)
    consumer = try Consumer(
      configuration: options.consumer,
      handlers: log.clientHandlers(errors: metrics.consumeErrors) { error in state.update { $0.fail(.kafka(error)) } })
    consumer.delegate = self
  }

  /// Consumes until the worker drains or fails, finishes what is in flight, commits and leaves the group.
  func run() {
    do throws(KafkaError) {
      try consumer.subscribe(topics: options.inputTopics)
      while state.withLock({ $0.isRunning }) {
        takeWhatIsThere()
        try keepHouse()
        if let replay { try follow(replay) }
      }
    } catch {
      state.update { $0.fail(.kafka(error)) }
    }
    finish()
  }

  // MARK: Records

  /// How long the coordinator may take to answer a last commit, and to let us leave.
  private static let farewellTimeout = Duration.seconds(5)

  /// How much is prepared before it is handed on: enough to make the lanes' lock and wake-ups cheap for small records, so
  /// little that nothing waits for it.
  private static let groupRecords = 128
  private static let groupBytes = 256 << 10
  private static let groupTime: Nanoseconds = 1_000_000

  /// What the current group holds; a rebalance during a poll takes out the records of partitions that go.
  private var group: [PreparedRecord] = []

  /// Waits for a record, and takes with it what else has been fetched already.
  private func takeWhatIsThere() {
    let room = state.withLock { $0.core.headroom }
    var bytes = 0
    var tokens = 0
    var start: Nanoseconds = 0
    var timeout = Duration.milliseconds(50)
    var end: WorkerError?
    gathering: while true {
      metrics.polls.increment()
      switch consumer.poll(timeout: timeout) {
      case .record(let message):
        timeout = .zero
        guard isNew(message), isOurs(message) else { continue }
        let prepared = preparation.prepare(message)
        if case .end(let unusable) = prepared.step {
          end = .unusable(unusable, in: prepared.record.source)
          break gathering
        }
        if group.isEmpty { start = prepared.at }
        bytes += prepared.bytes
        group.append(prepared)
        if case .label(let text) = prepared.step { tokens += text.ids.count }
        let isEnough =
          group.count >= min(Self.groupRecords, replay?.groupLimit ?? .max) || bytes >= Self.groupBytes
          || prepared.at > start &+ Self.groupTime
        // Past a bound of what may be in flight by one record at most.
        if isEnough || group.count >= room.records || bytes >= room.bytes || tokens >= room.tokens { break gathering }
      case .error(let error):
        note(error)
        break gathering
      case .endOfPartition(let partition, let offset):
        replay?.reachedLogEnd(partition, offset, of: consumer)
        break gathering
      case .nothing: break gathering
      }
    }
    if !group.isEmpty { admitGroup() }
    if let end {
      state.update { $0.finishAll(until: MonotonicClock.now &+ options.drainDeadline.nanoseconds, because: end) }
    }
  }

  /// False for a record that has come before.
  private func isNew(_ message: ConsumerRecord) -> Bool {
    let partition = message.topicPartition
    let sight = positions.see(message.offset, of: partition, timestamp: message.timestamp ?? 0) {
      consumer.cachedWatermarks(partition)?.high
    }
    switch sight {
    case .new: return true
    case .again:
      comeAgain[partition, default: 0] += 1
      return false
    case .startedOver:
      log.warning(
        "offsets went back, because the topic was truncated or made anew: it is read as it is now",
        ["partition": "\(partition)", "offset": "\(message.offset)"])
      return true
    }
  }

  // MARK: Replays

  /// False for a record behind the range that is replayed.
  private func isOurs(_ message: ConsumerRecord) -> Bool {
    if replay?.see(message) != false { return true }
    // What is fetched of it further on would only be dropped.
    do throws(KafkaError) { try pause([message.topicPartition]) } catch { note(error) }
    return false
  }

  /// Keeps to the rate, and ends with the range.
  private func follow(_ replay: ReplayFollower) throws(KafkaError) {
    let isOver = replay.isOver(consumer, at: MonotonicClock.now) { state.withLock { $0.core.isDrained } }
    if isOver { state.update { $0.finishAll(until: MonotonicClock.now &+ options.drainDeadline.nanoseconds) } }
  }

  /// A partition that a replay has read to its end, and that has nothing in flight, is committed to its end.
  private func raised(_ offsets: [TopicPartition: Int64], isDrained: Bool) -> [TopicPartition: Int64] {
    isDrained ? replay?.raised(offsets) ?? offsets : offsets
  }

  private func rest(after count: Int) {
    guard let moment = replay?.took(count, at: MonotonicClock.now) else { return }
    let _: Void? = state.wait(until: moment) { state, _ in state.isRunning ? nil : () }
  }

  // MARK: Records, handed on

  private func admitGroup() {
    defer {
      rest(after: group.count)
      group.removeAll(keepingCapacity: true)
    }
    let isSettled = state.update { state in
      var isSettled = false
      for prepared in group {
        let message = prepared.record.message
        switch prepared.step {
        case .label(let text):
          _ = state.core.admit(
            prepared.record, of: message.topicPartition, offset: message.offset, bytes: prepared.bytes, input: text,
            tokens: text.ids.count, at: prepared.at)
        case .settle(let outcome):
          isSettled = true
          _ = state.core.admit(
            prepared.record, of: message.topicPartition, offset: message.offset, bytes: prepared.bytes, settled: outcome,
            at: prepared.at)
        case .end: break
        }
      }
      return isSettled
    }
    if isSettled { outlet.sendReleases() }
  }

  // MARK: Flow, commits, lag

  private func keepHouse() throws(KafkaError) {
    let now = MonotonicClock.now
    let action = state.withLock { $0.core.nextFlowAction() }
    if action == .pause {
      metrics.pauses.increment()
      if awaitRoom() { return }
    }
    let isPaused = state.withLock { $0.core.isPaused }
    if action != nil || isAssignmentNew {
      isAssignmentNew = false
      if isPaused {
        try pause(consumer.assignment())
      } else {
        try resume(paused.filter { replay?.finished.contains($0) != true })
      }
    }
    if !isTransactional, now >= nextCommit {
      nextCommit = now &+ options.commitInterval.nanoseconds
      let offsets = state.withLock { raised($0.core.takeCommits(), isDrained: $0.core.isDrained) }
      if !offsets.isEmpty { commit(offsets, synchronous: false) }
    }
    if now >= nextLag {
      nextLag = now &+ 1_000_000_000
      try refreshLag()
      // After a refusal by the group that no rebalance follows.
      if isTransactional, state.withLock({ $0.transaction?.isMember == false }) { proveMembership() }
    }
  }

  /// Waits a little at a bound, without polling, until there is room again; false if that takes longer.
  ///
  /// A pause is dear: what is prefetched is dropped, and fetching begins again half a second after the resume. Standing
  /// still for less than a second costs nothing, and no heartbeat depends on it.
  private func awaitRoom() -> Bool {
    let isThere: Bool? = state.wait(until: MonotonicClock.now &+ 1_000_000_000) { state, _ in
      state.core.nextFlowAction() == .resume || !state.isRunning ? true : nil
    }
    return isThere != nil
  }

  private func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
    let running = partitions.filter { !paused.contains($0) }
    try consumer.pause(running)
    paused.formUnion(running)
  }

  private func resume(_ partitions: [TopicPartition]) throws(KafkaError) {
    let resting = partitions.filter { paused.contains($0) }
    paused.subtract(resting)
    if !resting.isEmpty { try consumer.resume(resting) }
  }

  /// librdkafka remembers that a partition is paused when it goes, and would have it paused when it comes back.
  private func resumeBeforeGiving(_ partitions: [TopicPartition]) {
    do throws(KafkaError) {
      try resume(partitions)
    } catch {
      log.warning("partitions that go could not be resumed", ["error": "\(error)", "partitions": "\(partitions.summary)"])
    }
  }

  private func commit(_ offsets: [TopicPartition: Int64], synchronous: Bool) {
    do throws(KafkaError) {
      try consumer.commit(offsets, synchronous: synchronous, timeout: Self.farewellTimeout)
    } catch {
      noteCommitFailure(of: Array(offsets.keys), error)
    }
  }

  private func noteCommitFailure(of partitions: [TopicPartition], _ error: KafkaError) {
    metrics.commitErrors.increment()
    state.withLock { $0.core.commitFailed(for: partitions) }
    log.warning(
      "a commit failed: unless a later one succeeds, these partitions' last records are read and labelled again",
      ["error": "\(error)", "partitions": "\(partitions.summary)"])
  }

  private func refreshLag() throws(KafkaError) {
    let assignment = try consumer.assignment()
    for (partition, count) in comeAgain {
      log.warning(
        "records came again that had their outcome, and were dropped: the client went back, or the group lost a committed offset",
        ["partition": "\(partition)", "records": .number(Double(count))])
    }
    comeAgain = [:]
    let next = try consumer.position(assignment)
    var lag: [TopicPartition: Int64] = [:]
    for partition in assignment {
      guard let high = consumer.cachedWatermarks(partition)?.high,
        let resolved = state.withLock({ $0.core.watermark(of: partition) }) ?? next[partition]
      else { continue }
      lag[partition] = max(0, high - resolved)
    }
    metrics.note(lag: lag, at: MonotonicClock.now)
  }

  private func note(_ error: KafkaError) {
    metrics.consumeErrors.increment()
    if error.isFatal || error.isRefusedLoginOrPermission {
      return state.update { $0.fail(.unreadable(error, topic: options.inputTopics.joined(separator: ", "))) }
    }
    log.warning("the consumer met an error and goes on", ["error": "\(error)"])
    guard error.isUnknownTopicOrPartition else { return }
    do throws(WorkerError) {
      try Preflight(options: options).checkAgain(while: { state.withLock { $0.isRunning } })
    } catch {
      isTopicMissing = true
      state.update { $0.fail(error) }
    }
  }

  // MARK: Transactions

  /// Offsets are committed with the results, not here.
  private var isTransactional: Bool { options.transactions != nil }

  /// Tells the transactions which generation of the group this consumer is a member of.
  private func proveMembership() {
    guard isTransactional else { return }
    let member: ConsumerGroupMetadata?
    do throws(KafkaError) {
      member = try consumer.groupMetadata()
    } catch {
      member = nil
      log.warning("the place in the group cannot be told; transactions wait for it", ["error": "\(error)"])
    }
    state.update { $0.transaction?.joined(member) }
  }

  // MARK: The end

  /// Finishes or gives up what is in flight, commits what is acknowledged, leaves the group.
  private func finish() {
    awaitDrain()
    if isTopicMissing { return consumer.abandon() }
    // Closing revokes what is assigned, which commits.
    do throws(KafkaError) {
      try consumer.close(timeout: Self.farewellTimeout)
    } catch {
      log.warning("the consumer group was not left in good order; it notices after session.timeout.ms", ["error": "\(error)"])
    }
  }

  private func awaitDrain() {
    guard case .draining(let deadline) = state.withLock({ $0.phase }) else { return }
    let isDone: Bool? = state.wait(until: deadline) { state, _ in
      // Without a place in the group nothing more can be committed; closing tells what has become of it.
      state.core.isDrained || !state.isDraining || state.transaction?.isMember == false ? true : nil
    }
    guard isDone == nil else { return }
    let left = state.withLock { $0.core.load.recordsInFlight }
    state.update {
      $0.fail(
        WorkerError(
          .drainDeadline,
          "\(left) records were still in flight after \(options.drainDeadline.inSeconds) s and are left for the next start; "
            + "none is lost, some may be labelled twice. Raise delivery.drain-deadline if this repeats"))
    }
  }
}

extension Intake: ConsumerDelegate {
  func consumer(_ consumer: Consumer, assigned partitions: [TopicPartition]) {
    metrics.rebalances.increment()
    proveMembership()
    let finished = state.update { state in
      state.core.assign(partitions)
      return partitions.map { state.core.finishedBelow($0) }
    }
    for (partition, offset) in zip(partitions, finished) { positions.begin(partition, finishedBelow: offset) }
    replay?.assigned(partitions)
    isAssignmentNew = true
    noteMembership()
    log.info("partitions assigned", ["partitions": "\(partitions.summary)"])
  }

  /// Finishes what these partitions have in flight, so that the next owner starts behind it.
  func consumer(_ consumer: Consumer, revoked partitions: [TopicPartition]) {
    proveMembership()
    guard !partitions.isEmpty else { return }
    metrics.rebalances.increment()
    let start = MonotonicClock.now
    forget(partitions)
    state.update { $0.core.beginRevocation(of: partitions) }
    let isDone: Bool? = state.wait(until: start &+ options.drainDeadline.nanoseconds) { state, _ in
      state.core.isDrained(partitions) || state.failure != nil || state.transaction?.isMember == false ? true : nil
    }
    let offsets = state.update { state in
      let isDrained = state.core.isDrained(partitions)
      return raised(state.core.finishRevocation(of: partitions), isDrained: isDrained)
    }
    if !isTransactional, !offsets.isEmpty { commit(offsets, synchronous: true) }
    replay?.released(partitions)
    resumeBeforeGiving(partitions)
    noteMembership()
    log.info(
      "partitions revoked",
      [
        "partitions": "\(partitions.summary)", "drained": .bool(isDone != nil),
        "seconds": .number(Duration(nanoseconds: MonotonicClock.now &- start).inSeconds),
      ])
  }

  func consumer(_ consumer: Consumer, lost partitions: [TopicPartition]) {
    metrics.rebalances.increment()
    noteReadiness(.left)
    state.update { state in
      state.transaction?.joined(nil)
      state.core.lose(partitions)
    }
    resumeBeforeGiving(partitions)
    replay?.released(partitions)
    forget(partitions)
    log.warning(
      "partitions lost: the group gave them to others before they were revoked; what is in flight of them is dropped here",
      ["partitions": "\(partitions.summary)"])
  }

  func consumer(_ consumer: Consumer, committed result: CommitResult) {
    if let error = result.error {
      noteCommitFailure(of: Array(result.offsets.keys), error)
    } else {
      for (partition, error) in result.failures { noteCommitFailure(of: [partition], error) }
    }
  }

  /// Between a revocation and the assignment that follows it, a worker is a member still.
  private func noteMembership() { noteReadiness(.joined(partitions: state.withLock { $0.core.assigned.count })) }

  /// Forgets what is kept here of partitions that go. Their records in the current group were not admitted yet, and would
  /// otherwise be once more if the partitions came straight back.
  private func forget(_ partitions: [TopicPartition]) {
    group.removeAll { partitions.contains($0.record.message.topicPartition) }
    metrics.lag = metrics.lag.filter { !partitions.contains($0.key) }
  }
}
