import Telemetry

/// Counts and times of a pipeline's lanes together.
final class LaneMetrics: Sendable {
  let batches = Counter()
  let records = Counter()
  /// [CLS] and [SEP] included.
  let tokens = Counter()
  /// By lane.
  let pulses: [LanePulse]
  /// Runs that failed as a whole; what was in them was run again.
  let failures = Counter()
  /// Time spent labelling, over all lanes.
  let busyNanoseconds = Counter()
  /// Waiting for a lane, by record, in nanoseconds.
  let queue = Histogram()
  /// The forward pass of the batch that a record was in, by record, in nanoseconds.
  let infer = Histogram()

  init(lanes: Int) { pulses = (0..<lanes).map { _ in LanePulse() } }

  func note(records: Int, tokens: Int, waits: some Sequence<Nanoseconds>, busy: Nanoseconds) {
    batches.increment()
    self.records.increment(by: records)
    self.tokens.increment(by: tokens)
    busyNanoseconds.increment(by: Int(busy))
    for wait in waits { queue.record(wait) }
    infer.record(.nanoseconds(Int64(clamping: busy)), times: records)
  }
}
