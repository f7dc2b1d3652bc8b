extension Duration {
  /// Whole milliseconds as librdkafka takes them: rounded up, so that a short wait is no busy loop; negative becomes 0;
  /// what does not fit is the longest wait there is, 24 days.
  var kafkaMilliseconds: Int32 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (wholeSeconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    if overflow { return .max }
    let (total, overflow2) = wholeSeconds.addingReportingOverflow((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    return overflow2 ? .max : Int32(clamping: total)
  }
}

/// The end of a time allowed for something that is done in several waits.
struct Deadline {
  private let end: ContinuousClock.Instant

  init(_ timeout: Duration) { end = ContinuousClock.now.advanced(by: timeout) }

  var remaining: Duration { max(.zero, ContinuousClock.now.duration(to: end)) }
  var hasPassed: Bool { remaining == .zero }
  /// The next wait: what remains, in slices of at most `slice`.
  func slice(_ slice: Duration) -> Duration { min(slice, remaining) }
}
