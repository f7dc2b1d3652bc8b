/// Names a record in flight: the assignment it came under and its place in it.
///
/// Every assignment of a partition gets a number of its own, so a result that arrives after its partition was taken away
/// names an assignment that no longer exists and is dropped, even when the same partition has been assigned again.
struct RecordID: Hashable, Sendable {
  let assignment: UInt32
  let ordinal: UInt64

  init(assignment: UInt32, ordinal: UInt64) {
    self.assignment = assignment
    self.ordinal = ordinal
  }

  private static let ordinalBits: UInt64 = 40
  /// Assignments and ordinals wrap here when packed; both are far beyond the life of a process.
  static let assignmentLimit: UInt32 = 1 << 24

  /// Both numbers in the 64 bits that travel with a produced message to its delivery report.
  var tag: UInt64 { UInt64(assignment) << Self.ordinalBits | ordinal & (1 << Self.ordinalBits - 1) }

  init(tag: UInt64) {
    assignment = UInt32(tag >> Self.ordinalBits)
    ordinal = tag & (1 << Self.ordinalBits - 1)
  }
}

/// The pipeline's state: which partitions are assigned, what has become of each of their records, what waits for a lane,
/// and whether consumption may go on. Events go in, what to do comes out; nothing here awaits, logs or reads a clock.
///
/// `Partition` names a partition, `Record` is a consumed message, `Input` what a lane needs of it, `Outcome` what goes out.
struct PipelineCore<Partition: Hashable, Record, Input, Outcome> {
  struct Work {
    let id: RecordID
    let record: Record
    let input: Input
    let waitedSince: Nanoseconds
  }

  struct Release {
    let id: RecordID
    let record: Record
    let outcome: Outcome
  }

  struct Acknowledgement {
    let record: Record
    let outcome: Outcome
    let admittedAt: Nanoseconds
    let releasedAt: Nanoseconds
  }

  struct Assignment {
    let partition: Partition
    var ledger = OffsetLedger<Record, Outcome>()
    var isRevoked = false
    /// In `ready`, so that it is entered there once only.
    var isReady = false
  }

  var assignments: [UInt32: Assignment] = [:]
  var numbers: [Partition: UInt32] = [:]
  private var lastNumber: UInt32 = 0
  private var batcher: MicroBatcher<Work>
  var flow: FlowControl
  /// Assignments whose next outcome in order may go out, each once (`isReady`). One that is found with nothing to send, or
  /// no longer assigned, is taken out by `nextRelease`; one that gets something to send is entered by `settle`.
  private var ready = RingBuffer<UInt32>()
  private(set) var isDraining = false
  /// Watermarks of partitions when they were given up.
  private var finished: [Partition: Int64] = [:]
  /// What is with the producer and not committed; of meaning where outcomes are committed in transactions.
  var uncommitted = Uncommitted()

  init(batch: BatchLimits, flow: FlowControl.Limits) {
    batcher = MicroBatcher(limits: batch)
    self.flow = FlowControl(limits: flow)
  }

  // MARK: Assignment

  /// Partitions were assigned to this consumer.
  mutating func assign(_ partitions: [Partition]) {
    for partition in partitions where numbers[partition] == nil {
      lastNumber = (lastNumber + 1) % RecordID.assignmentLimit
      assignments[lastNumber] = Assignment(partition: partition)
      numbers[partition] = lastNumber
    }
  }

  var assigned: [Partition] { Array(numbers.keys) }

  /// Partitions are about to be taken away: what waits for a lane is left to the next owner, what is further on is to be
  /// finished. Call `finishRevocation` when `isDrained(partitions)`, or when time is up.
  mutating func beginRevocation(of partitions: [Partition]) {
    var revoked: [UInt32: UInt64] = [:]
    for partition in partitions {
      guard let number = numbers[partition] else { continue }
      assignments[number]?.isRevoked = true
      revoked[number] = .max
    }
    // A partition's records wait in its order, so the first one removed has none behind it that went on.
    batcher.remove { work in
      guard let first = revoked[work.id.assignment] else { return false }
      revoked[work.id.assignment] = min(first, work.id.ordinal)
      return true
    }
    for (number, ordinal) in revoked where ordinal != .max {
      for entry in assignments[number]?.ledger.truncate(from: ordinal) ?? [] {
        flow.release(tokens: entry.tokens, bytes: entry.bytes)
      }
    }
  }

  /// Nothing of these partitions is in a lane or on its way to the broker.
  func isDrained(_ partitions: [Partition]) -> Bool {
    partitions.allSatisfy { partition in
      numbers[partition].flatMap { assignments[$0] }?.ledger.isEmpty ?? true
    }
  }

  /// Forgets partitions that were revoked, and with them whatever is still in flight.
  /// - Returns: the offsets to commit for them before they are given up.
  mutating func finishRevocation(of partitions: [Partition]) -> [Partition: Int64] {
    var offsets: [Partition: Int64] = [:]
    for partition in partitions {
      guard let number = numbers.removeValue(forKey: partition), var assignment = assignments.removeValue(forKey: number)
      else { continue }
      // The last commit may have been asynchronous and may have failed: name the offset again, whatever was taken before.
      if let watermark = assignment.ledger.watermark {
        offsets[partition] = watermark
        finished[partition] = watermark
      }
      if assignment.ledger.releasedCount > 0 { uncommitted.isForfeited = true }
      for entry in assignment.ledger.removeAll() where !entry.isAcknowledged {
        flow.release(tokens: entry.tokens, bytes: entry.bytes)
      }
    }
    return offsets
  }

  /// Partitions are no longer ours (the group has given them to others): nothing of them may be committed.
  mutating func lose(_ partitions: [Partition]) {
    beginRevocation(of: partitions)
    _ = finishRevocation(of: partitions)
  }

  /// The pipeline ends: nothing new is admitted, everything that is in flight is to be finished.
  mutating func finishAll() { isDraining = true }

  /// The pipeline ends: nothing new is admitted, what waits for a lane is left to whoever reads it next, and what lanes have
  /// begun is to be finished.
  mutating func finishBegun() {
    isDraining = true
    beginRevocation(of: assigned)
  }

  var isDrained: Bool { assignments.values.allSatisfy(\.ledger.isEmpty) }

  // MARK: Records

  /// A record was consumed and waits for a lane. False if its partition is not (any longer) assigned: it is then dropped,
  /// and whoever owns the partition reads it.
  mutating func admit(
    _ record: Record, of partition: Partition, offset: Int64, bytes: Int, input: Input, tokens: Int, at now: Nanoseconds
  ) -> Bool {
    guard let id = enter(record, of: partition, offset: offset, bytes: bytes, tokens: tokens, at: now) else { return false }
    batcher.append(Work(id: id, record: record, input: input, waitedSince: now), tokens: tokens, at: now)
    return true
  }

  /// A record was consumed whose outcome is known at once: it takes its place in the order, without a lane.
  mutating func admit(
    _ record: Record, of partition: Partition, offset: Int64, bytes: Int, settled outcome: Outcome, at now: Nanoseconds
  ) -> Bool {
    guard let id = enter(record, of: partition, offset: offset, bytes: bytes, tokens: 0, at: now) else { return false }
    return settle(id, outcome)
  }

  private mutating func enter(
    _ record: Record, of partition: Partition, offset: Int64, bytes: Int, tokens: Int, at now: Nanoseconds
  ) -> RecordID? {
    guard !isDraining, let number = numbers[partition], assignments[number]?.isRevoked == false,
      let ordinal = assignments[number]?.ledger.admit(record, offset: offset, tokens: tokens, bytes: bytes, at: now)
    else { return nil }
    flow.admit(tokens: tokens, bytes: bytes)
    return RecordID(assignment: number, ordinal: ordinal)
  }

  /// A free lane asks for work.
  mutating func takeBatch(at now: Nanoseconds) -> [Work]? { batcher.take(at: now, isLast: isDraining) }

  /// When a lane that found no batch should ask again; nil when nothing waits.
  var batchDeadline: Nanoseconds? { batcher.deadline }

  /// The outcome of a record is known. False if nobody waits for it any longer.
  @discardableResult
  mutating func settle(_ id: RecordID, _ outcome: Outcome) -> Bool {
    guard assignments[id.assignment]?.ledger.settle(id.ordinal, outcome) == true else { return false }
    noteReady(id.assignment)
    return true
  }

  /// The next outcome to hand to the producer. The caller sends it and says `markReleased`, or leaves it for later.
  mutating func nextRelease() -> Release? {
    while let number = ready.first {
      if let assignment = assignments[number], let next = assignment.ledger.nextRelease {
        return Release(
          id: RecordID(assignment: number, ordinal: next.ordinal), record: next.entry.record, outcome: next.outcome)
      }
      assignments[number]?.isReady = false
      ready.popFirst()
    }
    return nil
  }

  /// The outcome that `nextRelease` gave is with the producer.
  mutating func markReleased(_ id: RecordID, at now: Nanoseconds) {
    guard let size = assignments[id.assignment]?.ledger.markReleased(at: now) else { return }
    uncommitted.note(size.tokens, size.bytes)
  }

  /// A record whose outcome the broker refused for good gets another one; returns what to send, or nil if nobody waits for it.
  mutating func replace(_ id: RecordID, with outcome: Outcome) -> Release? {
    guard let record = released(id)?.record, assignments[id.assignment]?.ledger.replaceReleased(id.ordinal, with: outcome) == true
    else { return nil }
    return Release(id: id, record: record, outcome: outcome)
  }

  /// A record that is on its way to the broker, and what goes there.
  func released(_ id: RecordID) -> (record: Record, outcome: Outcome)? {
    guard let (entry, outcome) = assignments[id.assignment]?.ledger.released(id.ordinal) else { return nil }
    return (entry.record, outcome)
  }

  /// The broker has a record's outcome. Nil if nobody waits for it any longer.
  mutating func acknowledge(_ id: RecordID) -> Acknowledgement? {
    guard let outcome = released(id)?.outcome, let entry = assignments[id.assignment]?.ledger.acknowledge(id.ordinal) else {
      return nil
    }
    flow.release(tokens: entry.tokens, bytes: entry.bytes)
    return Acknowledgement(
      record: entry.record, outcome: outcome, admittedAt: entry.admittedAt, releasedAt: entry.releasedAt)
  }

  mutating func noteReady(_ number: UInt32) {
    guard let assignment = assignments[number], !assignment.isReady, assignment.ledger.nextRelease != nil else { return }
    assignments[number]?.isReady = true
    ready.append(number)
  }

  // MARK: Flow and commits

  /// How much more may be admitted before a bound is reached.
  var headroom: FlowControl.Limits { flow.headroom }

  /// Whether consumption must pause or resume now; each change is told once.
  mutating func nextFlowAction() -> FlowControl.Action? { flow.nextAction() }

  /// The next offset to read of a partition once everything acknowledged is committed; nil before the first acknowledgement.
  func watermark(of partition: Partition) -> Int64? {
    numbers[partition].flatMap { assignments[$0] }?.ledger.watermark
  }

  /// The offset below which everything of the partition had its outcome when it was last given up; nil if nothing is known.
  func finishedBelow(_ partition: Partition) -> Int64? { finished[partition] }

  /// Consumption is paused; newly assigned partitions must be paused too.
  var isPaused: Bool { flow.isPaused }

  /// The offsets that have moved since the last call and may be committed.
  mutating func takeCommits() -> [Partition: Int64] {
    var offsets: [Partition: Int64] = [:]
    for (partition, number) in numbers {
      if let watermark = assignments[number]?.ledger.takeWatermark() { offsets[partition] = watermark }
    }
    return offsets
  }

  /// A commit of these partitions failed: their offsets are named again by the next `takeCommits`.
  mutating func commitFailed(for partitions: [Partition]) {
    for partition in partitions {
      guard let number = numbers[partition] else { continue }
      assignments[number]?.ledger.forgetCommit()
    }
  }

  /// Sizes for the stats line.
  var load: PipelineLoad {
    PipelineLoad(
      waitingRecords: batcher.count, waitingTokens: batcher.tokens, recordsInFlight: flow.records, tokensInFlight: flow.tokens,
      bytesInFlight: flow.bytes)
  }
}

/// How much is in the pipeline at a moment.
struct PipelineLoad: Equatable, Sendable {
  /// Records and tokens that wait for a lane.
  var waitingRecords = 0
  var waitingTokens = 0
  /// From consumption to acknowledgement.
  var recordsInFlight = 0
  var tokensInFlight = 0
  /// Key and value bytes of the records in flight.
  var bytesInFlight = 0
}

extension OffsetLedger.Entry {
  var isAcknowledged: Bool { if case .acknowledged = state { true } else { false } }
}

extension PipelineCore.Work: Sendable where Partition: Sendable, Record: Sendable, Input: Sendable, Outcome: Sendable {}
extension PipelineCore.Release: Sendable where Partition: Sendable, Record: Sendable, Input: Sendable, Outcome: Sendable {}
