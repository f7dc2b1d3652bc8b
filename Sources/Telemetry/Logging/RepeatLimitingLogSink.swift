/// Passes on the first of equal warnings and then one an interval, with `heldBack` saying how many were not.
///
/// Events are equal if level, message and the member `error` are; the rest of their metadata may differ. Events below `warning`,
/// which tell what the program does, and those of level `critical` always pass.
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
    guard event.level >= .warning, event.level < .critical else { return sink.write(event) }
    let now = now()
    let decision = limiter.withLock { $0.decide(Self.key(of: event), now: now) }
    switch decision {
    case .holdBack: break
    case .print(heldBack: 0): sink.write(event)
    case .print(let heldBack):
      var event = event
      event.metadata["heldBack"] = .integer(heldBack)
      sink.write(event)
    }
  }

  private static func key(of event: LogEvent) -> String {
    let key = "\(event.level.rawValue) \(event.message)"
    guard case .string(let error) = event.metadata["error"] else { return key }
    return "\(key): \(error)"
  }

  /// Writes what was held back and not yet told, as `warning` events: of intervals that are over, for a call now and then; or of
  /// all, for the end.
  public func writeSummaries(isEnd: Bool = false) {
    let now = isEnd ? now() + .seconds(1 << 32) : now()
    let summaries = limiter.withLock { $0.takeSummaries(now: now) }
    for summary in summaries {
      sink.write(
        LogEvent(
          time: .now(), level: .warning, message: "repeated messages held back",
          metadata: ["repeated": .string(summary.key), "heldBack": .integer(summary.heldBack)]))
    }
  }
}
