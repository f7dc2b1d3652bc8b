/// Decides when the results so far become a transaction, and what follows when one fails. Events go in, the next step comes
/// out; nothing here awaits, logs or reads a clock.
///
/// A transaction holds the results that have gone to the producer since the last one, which in each partition are the next
/// ones in its order, and the offsets behind them. Its life:
///
///     closed ─► open ─► committing ─► closed          (committed)
///                 │          │
///                 └──────────┴─► failed ─► closed     (aborted: the same results go into the next one)
///
/// Results go to the producer only while it is open. What has been labelled meanwhile waits.
///
/// A failure is `.abortable` (nothing of the transaction is visible, nor will be) or `.indefinite`: the producer is then made
/// anew before anything else is sent. Where offsets may have reached the broker, the group's committed offsets are looked up
/// afterwards and believed, whatever the failure said.
///
/// `Member` proves the group's generation that the offsets are committed under.
struct TransactionCore<Member> {
  enum Step {
    /// Make a producer of the transactional id, and wait until it has ended what its predecessor left open.
    case initialise
    /// Begin a transaction on the producer there is.
    case begin
    /// Send the offsets of what has been released, and commit.
    case commit(Member)
    /// Abort on the producer there is.
    case abort
    /// Ask the group whether the failed transaction's offsets were committed.
    case lookUp
    /// Nothing before this moment; an event may bring it forward.
    case wait(until: Nanoseconds)
    /// Another producer has taken the transactional id over: the worker must end.
    case giveUp
  }

  enum Failure: Equatable {
    case abortable
    case indefinite
    /// Shut out: by a newer producer, or by the coordinator after the transaction's time-out.
    case fenced
  }

  private enum Phase {
    case uninitialised
    case closed
    case open
    case committing
    /// - needsProducer: the producer is of no further use.
    case failed(needsProducer: Bool)
    /// Aborted or shut out; whether it had been committed before that is to be looked up.
    case unsettled
    case over
  }

  private let interval: Nanoseconds
  private let limit: Int
  private let timeout: Nanoseconds
  private var phase = Phase.uninitialised
  /// Results in the transaction.
  private(set) var records = 0
  /// When the first of them went to the producer.
  private var since: Nanoseconds = 0
  /// When a commit was last begun.
  private var lastCommit: Nanoseconds = 0
  /// The offsets of this transaction may be on the broker.
  private var hasSentOffsets = false
  private var member: Member?
  /// Which membership `member` is, so that a refusal of an earlier one does not take the present one away.
  private var memberNumber = 0
  private var committingMember = 0

  init(_ limits: TransactionLimits) {
    interval = limits.interval.nanoseconds
    limit = max(1, limits.records)
    timeout = limits.timeout.nanoseconds
  }

  // MARK: What the producer may be given

  /// Results may be handed to the producer. Without a membership they could not be committed.
  var mayRelease: Bool {
    if case .open = phase { member != nil && records < limit } else { false }
  }

  mutating func released(_ count: Int, at now: Nanoseconds) {
    if records == 0 { since = now }
    records += count
  }

  // MARK: The group

  /// The consumer is a member of a (new) generation; nil: it is no longer one.
  mutating func joined(_ member: Member?) {
    self.member = member
    memberNumber &+= 1
  }

  var isMember: Bool { member != nil }

  // MARK: Steps

  /// A step is under way, or waits to be tried again.
  var isUnderWay: Bool {
    switch phase {
    case .committing, .failed, .unsettled: true
    case .uninitialised, .closed, .open, .over: false
    }
  }

  /// What to do now. The caller does it and says how it went.
  mutating func nextStep(at now: Nanoseconds, _ circumstances: TransactionCircumstances) -> Step {
    switch phase {
    case .uninitialised: return .initialise
    case .closed: return .begin
    case .failed(let needsProducer): return needsProducer ? .initialise : .abort
    case .unsettled: return .lookUp
    case .over: return .giveUp
    case .committing: return .wait(until: .max)  // asked while a commit is under way
    case .open:
      if circumstances.isForfeited {
        phase = .failed(needsProducer: false)
        return .abort
      }
      guard records > 0, let member else { return .wait(until: .max) }
      // Not the interval after the first result: on a quiet stream that would only make it wait.
      let due = max(since, lastCommit &+ interval)
      guard now >= due || records >= limit || circumstances.isAwaited || circumstances.isFull else { return .wait(until: due) }
      phase = .committing
      lastCommit = now
      committingMember = memberNumber
      hasSentOffsets = true
      return .commit(member)
    }
  }

  /// `.initialise` succeeded: what the earlier producer had open is over, one way or the other.
  /// - Returns: as of `aborted`.
  mutating func initialised() -> Bool { aborted() }

  mutating func began() { phase = .open }

  mutating func committed() {
    clear()
    phase = .closed
  }

  /// `.abort` succeeded.
  /// - Returns: whether the results are to be sent again at once; otherwise `.lookUp` says so later.
  mutating func aborted() -> Bool {
    if hasSentOffsets {
      phase = .unsettled
      return false
    }
    clear()
    phase = .closed
    return true
  }

  /// `.lookUp` was answered: nothing was committed. (Otherwise: `committed`.)
  /// - Returns: as of `aborted`.
  mutating func lookedUp() -> Bool {
    clear()
    phase = .closed
    return true
  }

  /// A step failed, or results were refused while the transaction was open.
  /// - Parameter isStaleMember: the group refused the offsets because it has moved on.
  mutating func failed(_ failure: Failure, isStaleMember: Bool = false, at now: Nanoseconds) {
    if case .over = phase { return }
    if isStaleMember, committingMember == memberNumber { member = nil }
    switch failure {
    case .abortable: phase = .failed(needsProducer: false)
    case .indefinite: phase = .failed(needsProducer: true)
    // The coordinator gives up what takes too long, which looks the same as a newer producer with the same id.
    case .fenced: phase = records > 0 && now >= since &+ timeout ? .failed(needsProducer: true) : .over
    }
  }

  /// Results were refused outside of a step. During a step, that step fails and says more.
  mutating func refused(_ failure: Failure, at now: Nanoseconds) {
    switch phase {
    case .open: failed(failure, at: now)
    // Aborting would do, but not with this producer.
    case .failed(needsProducer: false) where failure != .abortable: phase = .failed(needsProducer: true)
    default: break
    }
  }

  private mutating func clear() {
    records = 0
    hasSentOffsets = false
  }
}

/// Bounds of a transaction.
struct TransactionLimits: Sendable, Equatable {
  /// The shortest time from one commit to the next, unless one is awaited or makes room; hence the longest that a result waits for
  /// its commit to begin.
  var interval: Duration
  /// Results of a full transaction.
  var records: Int
  /// After which the coordinator gives a transaction up by itself.
  var timeout: Duration
}

/// Facts of the pipeline that a transaction's next step depends on.
struct TransactionCircumstances: Equatable {
  /// Partitions that go away, or a worker that stops, wait for nothing but the commit.
  var isAwaited = false
  /// What is in flight nears a bound: a commit makes room.
  var isFull = false
  /// A partition went away with results in the transaction: they are somebody else's to write.
  var isForfeited = false
}
