/// Bounds what is in flight, from consumption to acknowledgement, in tokens, bytes and records.
///
/// At a bound consumption pauses; it resumes when every measure has fallen to half of its bound. The distance matters:
/// librdkafka 2.0.2 throws away what it has prefetched when a partition is paused, so pausing must be rare.
struct FlowControl {
  struct Limits: Sendable, Equatable {
    var tokens: Int
    var bytes: Int
    var records: Int
  }

  enum Action: Equatable { case pause, resume }

  let limits: Limits
  private(set) var tokens = 0
  private(set) var bytes = 0
  private(set) var records = 0
  private(set) var isPaused = false

  init(limits: Limits) { self.limits = limits }

  mutating func admit(tokens: Int, bytes: Int) {
    self.tokens += tokens
    self.bytes += bytes
    records += 1
  }

  mutating func release(tokens: Int, bytes: Int) {
    self.tokens -= tokens
    self.bytes -= bytes
    records -= 1
  }

  /// What is left to the bounds; 0 or less of a measure that has reached its own.
  var headroom: Limits {
    Limits(tokens: limits.tokens - tokens, bytes: limits.bytes - bytes, records: limits.records - records)
  }

  /// What consumption must do now, if anything; each change is told once.
  mutating func nextAction() -> Action? {
    if !isPaused, tokens >= limits.tokens || bytes >= limits.bytes || records >= limits.records {
      isPaused = true
      return .pause
    }
    if isPaused, tokens <= limits.tokens / 2, bytes <= limits.bytes / 2, records <= limits.records / 2 {
      isPaused = false
      return .resume
    }
    return nil
  }
}
