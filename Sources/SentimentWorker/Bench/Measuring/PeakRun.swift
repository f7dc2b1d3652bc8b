import DistilBERT
import Telemetry

/// The instruction peak of some cores at once, in operations a second.
enum PeakRun {
  /// Each thread counts its best 5 ms of `seconds`, so that other load on the machine matters little. Nil if there is no such
  /// peak on this path.
  static func measure(_ peak: InstructionPeak, threads: Int, seconds: Double = 0.25) -> Double? {
    guard peak.run() > 0 else { return nil }
    let sum = Locked(0.0)
    let end = MonotonicClock.now + Nanoseconds(seconds * 1e9)
    let all = (0..<threads).map { number in
      JoinableThread(name: "peak \(number)") {
        let best = best(peak, until: end)
        sum.withLock { $0 += best }
      }
    }
    for thread in all { thread.join() }
    return sum.withLock { $0 }
  }

  private static func best(_ peak: InstructionPeak, until end: Nanoseconds) -> Double {
    var best = 0.0
    var start = MonotonicClock.now
    var operations = 0.0
    while start < end {
      operations += peak.run()
      let now = MonotonicClock.now
      guard now - start >= 5_000_000 else { continue }
      best = max(best, operations / (Double(now - start) / 1e9))
      operations = 0
      start = now
    }
    return best
  }
}
