/// How long the backlog of the assigned partitions would take at the speed of the last minute: what an autoscaler goes by.
struct DrainEstimate: Sendable {
  private static let window: Nanoseconds = 60_000_000_000

  private struct Sample: Sendable {
    var at: Nanoseconds
    var resolved: Int
  }

  private var samples: [Sample] = []
  private var lag: Int64 = 0

  /// - Parameters:
  ///   - lag: records behind the end at this moment.
  ///   - resolved: records resolved since the start.
  mutating func note(lag: Int64, resolved: Int, at now: Nanoseconds) {
    self.lag = lag
    samples.append(Sample(at: now, resolved: resolved))
    // One sample from before the window's beginning is kept.
    while samples.count > 2, samples[1].at &+ Self.window <= now { samples.removeFirst() }
  }

  /// 0 without a backlog; infinite while nothing of one is resolved.
  var seconds: Double {
    guard lag > 0 else { return 0 }
    guard let first = samples.first, let last = samples.last, last.resolved > first.resolved, last.at > first.at else {
      return .infinity
    }
    let perSecond = Double(last.resolved - first.resolved) / Duration(nanoseconds: last.at - first.at).inSeconds
    return Double(lag) / perSecond
  }
}
