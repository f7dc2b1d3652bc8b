import Telemetry

/// Transactions of a worker that delivers exactly once; all zero for one that does not.
final class TransactionMetrics: Sendable {
  let committed = Counter()
  let aborted = Counter()
  /// From the decision to commit to its confirmation, in nanoseconds.
  let commit = Histogram()

  func noteCommitted(after duration: Nanoseconds) {
    committed.increment()
    commit.record(duration)
  }

  func noteAborted() { aborted.increment() }
}
