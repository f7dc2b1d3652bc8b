import Kafka

/// What a pipeline's threads share, under one lock.
struct PipelineState<Partition: Hashable, Record, Outcome> {
  typealias Core = PipelineCore<Partition, Record, TokenisedText, Outcome>

  /// Each phase leads to the next only; `running` may also lead straight to `failing`, and every phase to `stopped`.
  enum Phase {
    case running
    /// No more is consumed; what is in flight is finished until the deadline.
    case draining(deadline: Nanoseconds)
    /// Something ended the pipeline: only what is acknowledged counts.
    case failing
    /// Lanes and deliveries have nothing more to do.
    case stopped
  }

  var core: Core
  /// Exactly once only.
  var transaction: TransactionCore<ConsumerGroupMetadata>?
  private(set) var phase = Phase.running
  /// Why the pipeline ended, if it did not end as it was told to.
  private(set) var failure: WorkerError?
  /// Why nothing more came in, if that was not as it was told either.
  private(set) var endReason: WorkerError?

  init(core: Core) { self.core = core }

  var isRunning: Bool { if case .running = phase { true } else { false } }
  var isDraining: Bool { if case .draining = phase { true } else { false } }
  /// Failed or stopped: nothing more comes of waiting.
  var hasEnded: Bool { failure != nil || isStopped }
  var isStopped: Bool { if case .stopped = phase { true } else { false } }

  /// The first failure counts; one that comes after the end does not.
  mutating func fail(_ error: WorkerError) {
    guard failure == nil, !isStopped else { return }
    failure = error
    phase = .failing
  }

  /// No more comes in; everything that is in flight is to be finished until the deadline.
  /// - Parameter reason: with what the pipeline then ends; nil for what is as it should be.
  mutating func finishAll(until deadline: Nanoseconds = .max, because reason: WorkerError? = nil) {
    guard isRunning else { return }
    phase = .draining(deadline: deadline)
    endReason = reason
    core.finishAll()
  }

  /// No more comes in; what lanes have begun is to be finished until the deadline.
  mutating func finishBegun(until deadline: Nanoseconds) {
    guard isRunning else { return }
    phase = .draining(deadline: deadline)
    core.finishBegun()
  }

  mutating func stop() { phase = .stopped }

  /// What the pipeline ends with; nil for a good end.
  var outcome: WorkerError? {
    guard var reason = endReason else { return failure }
    if let failure { reason.description += "; then " + failure.description }
    return reason
  }
}
