import Kafka
import Telemetry

/// Counts and times of one worker, since its start. Written by every thread of the pipeline, read by the stats reporter.
final class WorkerMetrics: Sendable {
  /// Time spent in each stage of a record's path, in nanoseconds.
  struct Stages<Value: Sendable>: Sendable {
    /// From the record's own timestamp to its consumption: how old reviews are when they arrive here.
    var age: Value
    /// Decoding and tokenising.
    var tokenise: Value
    /// Waiting for a lane.
    var queue: Value
    /// The forward pass of the batch that a record was in.
    var infer: Value
    /// From the producer to the broker's acknowledgement.
    var deliver: Value
    /// From consumption to acknowledgement.
    var total: Value

    func map<Other: Sendable>(_ transform: (Value) -> Other) -> Stages<Other> {
      Stages<Other>(
        age: transform(age), tokenise: transform(tokenise), queue: transform(queue), infer: transform(infer),
        deliver: transform(deliver), total: transform(total))
    }

    /// In the order of a record's path.
    var named: [(name: String, value: Value)] {
      [("age", age), ("tokenise", tokenise), ("queue", queue), ("infer", infer), ("deliver", deliver), ("total", total)]
    }
  }

  /// What the broker has acknowledged, or what needs nothing of it.
  struct Resolved: Sendable {
    var records = 0
    var tokens = 0
    /// By class index.
    var labels: [Int]
    var confidenceSum = 0.0
    /// By reason, as are the next two.
    var deadLetters: [String: Int] = [:]
    var passThroughs: [String: Int] = [:]
    /// Left out by policy: nothing was written.
    var skips: [String: Int] = [:]

    var labelled: Int { labels.reduce(0, +) }
    var deadLettered: Int { deadLetters.values.reduce(0, +) }
    var passedThrough: Int { passThroughs.values.reduce(0, +) }
    var skipped: Int { skips.values.reduce(0, +) }
  }

  let stages: Stages<Histogram>
  let consumed = Counter()
  let lanes: LaneMetrics
  let transactions = TransactionMetrics()
  let pauses = Counter()
  let rebalances = Counter()
  /// How often Kafka was asked for records.
  let polls = Counter()
  /// Records that the producer is done with, well or not.
  let deliveries = Counter()
  /// Parts of the worker that stood still for too long.
  let stalls = Counter()
  let consumeErrors = Counter()
  let produceErrors = Counter()
  let commitErrors = Counter()
  /// Nil where drift is not watched.
  let drift: Locked<Drift>?
  private let resolvedState: Locked<Resolved>
  private let lagState = Locked<[TopicPartition: Int64]>([:])
  private let drain = Locked(DrainEstimate())

  /// - Parameters:
  ///   - labels: how many labels the model has.
  ///   - lanes: how many engine lanes there are.
  init(labels: Int, lanes: Int, drift: DriftOptions? = nil) {
    self.drift = drift.map { Locked(Drift($0.limits, classes: labels, baseline: $0.baseline)) }
    self.lanes = LaneMetrics(lanes: lanes)
    stages = Stages(
      age: Histogram(), tokenise: Histogram(), queue: self.lanes.queue, infer: self.lanes.infer, deliver: Histogram(),
      total: Histogram())
    resolvedState = Locked(Resolved(labels: Array(repeating: 0, count: labels)))
  }

  /// - Parameter timestamp: the record's own, in milliseconds since 1970; nil if it has none.
  func noteConsumed(timestamp: Int64?, at time: UTCTime) {
    consumed.increment()
    if let timestamp, time.milliseconds >= timestamp {
      stages.age.record(.milliseconds(time.milliseconds - timestamp))
    }
  }

  func note(_ acknowledgement: WorkerState.Core.Acknowledgement, at now: Nanoseconds) {
    stages.deliver.record(now &- acknowledgement.releasedAt)
    stages.total.record(now &- acknowledgement.admittedAt)
    if case .result(_, let label, let confidence, _) = acknowledgement.outcome {
      drift?.withLock { $0.note(label: label, confidence: confidence) }
    }
    resolvedState.withLock { resolved in
      resolved.records += 1
      switch acknowledgement.outcome {
      case .result(_, let label, let confidence, let tokens):
        resolved.tokens += tokens
        resolved.labels[label] += 1
        resolved.confidenceSum += Double(confidence)
      case .passThrough(let reason): resolved.passThroughs[reason.rawValue, default: 0] += 1
      case .skip(let reason): resolved.skips[reason.rawValue, default: 0] += 1
      case .leaveOut: break
      case .deadLetter(let letter), .deadLetterWithoutValue(let letter): resolved.deadLetters[letter.reason, default: 0] += 1
      }
    }
  }

  var resolved: Resolved { resolvedState.withLock { $0 } }

  /// Sets `lag` as found at a moment.
  func note(lag: [TopicPartition: Int64], at now: Nanoseconds) {
    self.lag = lag
    let resolved = resolvedState.withLock { $0.records }
    drain.withLock { $0.note(lag: lag.values.reduce(0, +), resolved: resolved, at: now) }
  }

  /// How long the backlog takes at the speed of the last minute.
  var secondsToDrain: Double { drain.withLock { $0.seconds } }

  /// Records of the input topic that are not yet resolved, by assigned partition.
  var lag: [TopicPartition: Int64] {
    get { lagState.withLock { $0 } }
    set { lagState.withLock { $0 = newValue } }
  }
}
