/// How often something that fails is tried, and how long is waited between two attempts.
struct RetryLimits: Sendable, Equatable {
  /// All attempts, the first included; from 1.
  var attempts: Int
  /// The longest wait after the first failure; it doubles with every further one.
  var initialBackoff: Duration
  /// The longest wait of all.
  var maximumBackoff: Duration

  /// Enough to outlive a hiccup, short enough that a record that never succeeds holds nobody up.
  static let standard = RetryLimits(attempts: 3, initialBackoff: .milliseconds(100), maximumBackoff: .seconds(10))
}

/// Exponential back-off with full jitter: a wait drawn evenly from 0 to a bound that doubles with every failure, so that many
/// clients that failed together do not come back together (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture
/// Blog, 2015).
struct Backoff<Random: RandomNumberGenerator> {
  let limits: RetryLimits
  private var random: Random

  init(limits: RetryLimits, random: Random) {
    self.limits = limits
    self.random = random
  }

  /// How long to wait after a failed attempt.
  /// - Parameter attempt: which one failed, from 1.
  /// - Returns: nil if it was the last.
  mutating func delay(afterAttempt attempt: Int) -> Nanoseconds? {
    guard attempt < limits.attempts else { return nil }
    return Nanoseconds.random(in: 0...bound(afterAttempt: attempt), using: &random)
  }

  /// The longest that `delay` gives.
  func bound(afterAttempt attempt: Int) -> Nanoseconds {
    let doublings = UInt64(min(max(attempt, 1) - 1, 62))
    let (bound, overflow) = limits.initialBackoff.nanoseconds.multipliedReportingOverflow(by: 1 << doublings)
    return min(overflow ? .max : bound, limits.maximumBackoff.nanoseconds)
  }
}
