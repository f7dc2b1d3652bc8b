/// What is with the producer in the transaction that has not been committed yet.
struct Uncommitted: Equatable {
  var records = 0
  var tokens = 0
  var bytes = 0
  /// A partition went away with results in the transaction: they are somebody else's to write, so it must not be committed.
  var isForfeited = false

  mutating func note(_ tokens: Int, _ bytes: Int) {
    records &+= 1
    // Never reset where there are no transactions.
    self.tokens &+= tokens
    self.bytes &+= bytes
  }
}

/// Exactly once: released outcomes are acknowledged all together, when their transaction is committed, or taken back.
extension PipelineCore {
  /// The offsets to commit with the outcomes that have been released: for each partition, the one behind the last of them.
  var transactionOffsets: [Partition: Int64] {
    var offsets: [Partition: Int64] = [:]
    for (partition, number) in numbers {
      if let end = assignments[number]?.ledger.releasedEnd { offsets[partition] = end }
    }
    return offsets
  }

  /// The transaction was committed: everything released is visible.
  mutating func transactionCommitted() -> [Acknowledgement] {
    uncommitted = Uncommitted()
    var acknowledgements: [Acknowledgement] = []
    for number in numbers.values {
      for (entry, outcome) in assignments[number]?.ledger.acknowledgeReleased() ?? [] {
        flow.release(tokens: entry.tokens, bytes: entry.bytes)
        acknowledgements.append(
          Acknowledgement(
            record: entry.record, outcome: outcome, admittedAt: entry.admittedAt, releasedAt: entry.releasedAt))
      }
    }
    return acknowledgements
  }

  /// The transaction was aborted: everything released that is still ours is to be released again.
  mutating func transactionAborted() {
    uncommitted = Uncommitted()
    for number in numbers.values {
      assignments[number]?.ledger.takeBackReleased()
      noteReady(number)
    }
  }

  /// What the next step of the transaction depends on.
  var transactionCircumstances: TransactionCircumstances {
    let limits = flow.limits
    return TransactionCircumstances(
      isAwaited: isOnlyCommitMissing,
      // A quarter: the lanes have the rest to go on with while it is committed.
      isFull: uncommitted.records >= max(1, limits.records / 4) || uncommitted.tokens >= max(1, limits.tokens / 4)
        || uncommitted.bytes >= max(1, limits.bytes / 4),
      isForfeited: uncommitted.isForfeited)
  }

  /// Partitions are going, or the pipeline ends, and everything that was to be finished of it has been released.
  private var isOnlyCommitMissing: Bool {
    var isMissing = false
    for assignment in assignments.values where assignment.isRevoked || isDraining {
      if assignment.ledger.releasedCount < assignment.ledger.count { return false }
      if !assignment.ledger.isEmpty { isMissing = true }
    }
    return isMissing
  }
}
