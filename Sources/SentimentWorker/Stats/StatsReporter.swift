import Foundation
import Telemetry

/// Writes a stats line at every interval, on a thread of its own, and a summary line at the end.
final class StatsReporter: Sendable {
  /// What a line needs besides the counters.
  struct Surroundings: Sendable {
    var model: ModelIdentity
    /// By class index.
    var labels: [String]
    var lanes: Int
    var batchTokenLimit: Int
  }

  private let metrics: WorkerMetrics
  private let state: Monitor<WorkerState>
  private let health: Health
  private let surroundings: Surroundings
  private let write: @Sendable ([UInt8]) -> Void
  private let start: StatsSnapshot
  private let isEnded = Monitor(false)

  init(
    metrics: WorkerMetrics, state: Monitor<WorkerState>, health: Health, surroundings: Surroundings,
    write: @escaping @Sendable ([UInt8]) -> Void
  ) {
    self.metrics = metrics
    self.state = state
    self.health = health
    self.surroundings = surroundings
    self.write = write
    start = StatsSnapshot(metrics, time: .now(), at: MonotonicClock.now)
  }

  /// Writes a line every `interval` until `end`.
  func run(interval: Duration) {
    var last = start
    var next = start.at &+ interval.nanoseconds
    while isEnded.wait(until: next, for: { isEnded, _ in isEnded ? true : nil }) == nil {
      let now = StatsSnapshot(metrics, time: .now(), at: MonotonicClock.now)
      write(line(from: last, to: now, isSummary: false).encode())
      last = now
      next = max(next &+ interval.nanoseconds, now.at)
    }
  }

  /// Ends `run` and gives the summary of the whole run, which it also writes.
  func end() -> StatsLine {
    isEnded.update { $0 = true }
    let summary = line(from: start, to: StatsSnapshot(metrics, time: .now(), at: MonotonicClock.now), isSummary: true)
    write(summary.encode())
    return summary
  }

  private func line(from earlier: StatsSnapshot, to now: StatsSnapshot, isSummary: Bool) -> StatsLine {
    let (load, isPaused) = state.withLock { ($0.core.load, $0.core.isPaused) }
    return StatsLine(
      earlier: earlier, now: now, load: load, isPaused: isPaused, stalled: health.stalled(at: now.at),
      lag: Dictionary(metrics.lag.map { ($0.key.partition, $0.value) }, uniquingKeysWith: +), model: surroundings.model,
      labels: surroundings.labels,
      lanes: surroundings.lanes, batchTokenLimit: surroundings.batchTokenLimit, residentBytes: ProcessMemory.residentBytes,
      uptime: Duration(nanoseconds: now.at &- start.at), isSummary: isSummary)
  }
}

enum ProcessMemory {
  /// Resident memory of this process in bytes, as Linux tells it; nil elsewhere.
  static var residentBytes: Int? {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
      let kilobytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({ Int($0) })
    else { return nil }
    return kilobytes * 1024
  }
}
