/// Says which of many equal messages to print: the first, then at most one an interval, which tells how many were held back.
///
/// A value without a clock: the caller passes `now`.
public struct RepeatedMessageLimiter: Sendable {
  public enum Decision: Sendable, Equatable {
    /// Print it; `heldBack` earlier ones were not printed.
    case print(heldBack: Int)
    case holdBack
  }

  /// How often a message was held back in an interval that is over.
  public struct Summary: Sendable, Equatable {
    public let key: String
    public let heldBack: Int
  }

  private struct Entry {
    var intervalStart: ContinuousClock.Instant
    var heldBack = 0
  }

  private let interval: Duration
  private let maximumKeys: Int
  private var entries: [String: Entry] = [:]

  /// - Parameters:
  ///   - interval: at least this long passes between two prints of one message.
  ///   - maximumKeys: how many different messages are remembered at once; beyond it, those whose interval is over are forgotten,
  ///     and while there are none, new messages are printed without being remembered. Bounds the memory.
  public init(interval: Duration, maximumKeys: Int = 1000) {
    self.interval = interval
    self.maximumKeys = max(1, maximumKeys)
  }

  /// A message equal in `key` is about to be printed at `now`.
  public mutating func decide(_ key: String, now: ContinuousClock.Instant) -> Decision {
    if let index = entries.index(forKey: key) {
      if now - entries.values[index].intervalStart < interval {
        entries.values[index].heldBack += 1
        return .holdBack
      }
      let heldBack = entries.values[index].heldBack
      entries.values[index] = Entry(intervalStart: now)
      return .print(heldBack: heldBack)
    }
    if entries.count >= maximumKeys { forgetQuietOnes(now: now) }
    if entries.count < maximumKeys { entries[key] = Entry(intervalStart: now) }
    return .print(heldBack: 0)
  }

  /// Counts of the intervals that are over at `now`, each told once, ordered by key: for messages that stopped coming, whose last
  /// count would otherwise never be told. Call it now and then, and at the end with a far `now`.
  public mutating func takeSummaries(now: ContinuousClock.Instant) -> [Summary] {
    let over = entries.filter { now - $0.value.intervalStart >= interval }
    for key in over.keys { entries.removeValue(forKey: key) }
    return over.filter { $0.value.heldBack > 0 }
      .map { Summary(key: $0.key, heldBack: $0.value.heldBack) }
      .sorted { $0.key < $1.key }
  }

  /// Forgets messages whose interval is over and of which nothing was held back, so nothing is left to tell.
  private mutating func forgetQuietOnes(now: ContinuousClock.Instant) {
    entries = entries.filter { now - $0.value.intervalStart < interval || $0.value.heldBack > 0 }
  }
}
