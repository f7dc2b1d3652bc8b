/// Runs a batch that may fail as a whole because of some of its items, in halves, until the guilty items are alone: those are
/// tried again with back-off, and given up at the last attempt. Innocent items are done with the first part without a guilty
/// one that they are in, so a failure that does not come back costs two more runs and no wait.
///
/// Ask `next`, run what it says, report with `succeeded` or `failed`. A batch of n items of which g are guilty takes at most
/// 1 + 2g⌈log₂ n⌉ + g(attempts − 1) runs.
struct Bisection<Random: RandomNumberGenerator> {
  enum Step: Equatable {
    /// Run these items together.
    case run(Range<Int>)
    /// Only items that rest after a failure are left: ask again then.
    case wait(until: Nanoseconds)
    /// Every item has succeeded or was given up.
    case finished
  }

  /// An item that failed alone.
  private struct Resting {
    let index: Int
    /// How often it was run alone.
    let attempts: Int
    let until: Nanoseconds
  }

  private var backoff: Backoff<Random>
  /// Parts to run, the next one last.
  private var parts: [Range<Int>]
  private var resting: [Resting] = []
  /// The item that `next` gave for another attempt, and its attempts so far.
  private var retried: (index: Int, attempts: Int)?

  init(count: Int, backoff: Backoff<Random>) {
    parts = count > 0 ? [0..<count] : []
    self.backoff = backoff
  }

  mutating func next(at now: Nanoseconds) -> Step {
    if let part = parts.popLast() { return .run(part) }
    guard let soonest = resting.indices.min(by: { resting[$0].until < resting[$1].until }) else { return .finished }
    guard resting[soonest].until <= now else { return .wait(until: resting[soonest].until) }
    let item = resting.remove(at: soonest)
    retried = (item.index, item.attempts)
    return .run(item.index..<item.index + 1)
  }

  /// What `next` gave went well.
  mutating func succeeded() { retried = nil }

  /// What `next` gave failed as a whole.
  /// - Returns: the attempts that an item had alone, if it is given up with this one.
  mutating func failed(_ part: Range<Int>, at now: Nanoseconds) -> Int? {
    if part.count > 1 {
      let middle = part.lowerBound + part.count / 2
      parts.append(middle..<part.upperBound)
      parts.append(part.lowerBound..<middle)
      return nil
    }
    let attempts = (retried?.attempts ?? 0) + 1
    retried = nil
    guard let delay = backoff.delay(afterAttempt: attempts) else { return attempts }
    resting.append(Resting(index: part.lowerBound, attempts: attempts, until: now &+ delay))
    return nil
  }
}
