/// Passes on the first of equal messages and then one an interval, with `heldBack` saying how many were not.
///
/// Messages are equal if level and message are; metadata may differ. Events of level `critical` always pass.
public final class RepeatLimitingLogSink: LogSink {
  private let sink: any LogSink
  private let now: @Sendable () -> ContinuousClock.Instant
  private let limiter: Locked<RepeatedMessageLimiter>

  /// - Parameter now: the clock of the intervals; tests give their own.
  public init(
    _ sink: any LogSink, interval: Duration,
    now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
  ) {
    self.sink = sink
    self.now = now
    limiter = Locked(RepeatedMessageLimiter(interval: interval))
  }

  public func write(_ event: LogEvent) {
    guard event.level < .critical else { return sink.write(event) }
    let now = now()
    let decision = limiter.withLock { $0.decide("\(event.level.rawValue) \(event.message)", now: now) }
    switch decision {
    case .holdBack: break
    case .print(heldBack: 0): sink.write(event)
    case .print(let heldBack):
      var event = event
      event.metadata["heldBack"] = .integer(heldBack)
      sink.write(event)
    }
  }

  /// Writes what was held back in intervals that are over, as `info` events; call it now and then (with the stats line, say).
  public func writeSummaries() {
    let now = now()
    let summaries = limiter.withLock { $0.takeSummaries(now: now) }
    for summary in summaries {
      sink.write(
        LogEvent(
          time: .now(), level: .info, message: "repeated messages held back",
          metadata: ["repeated": .string(summary.key), "heldBack": .integer(summary.heldBack)]))
    }
  }
}
