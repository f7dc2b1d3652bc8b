/// A moment on the monotonic clock, in nanoseconds since an arbitrary start. Cores take it as an argument and never read a clock.
typealias Nanoseconds = UInt64

extension Duration {
  /// This duration in nanoseconds; negative durations are 0, those beyond 584 years the largest value.
  var nanoseconds: Nanoseconds {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (scaled, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? .max : scaled &+ UInt64(attoseconds / 1_000_000_000)
  }

  init(nanoseconds: Nanoseconds) { self = .nanoseconds(Int64(clamping: nanoseconds)) }

  /// This duration in seconds, for display.
  var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}

/// The process's monotonic clock.
enum MonotonicClock {
  private static let start = ContinuousClock.now
  static var now: Nanoseconds { (ContinuousClock.now - start).nanoseconds }
}
