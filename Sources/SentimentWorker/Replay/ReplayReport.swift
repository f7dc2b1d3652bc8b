import Foundation
import Telemetry

/// Looks at a job's progress in intervals, on a thread of its own: of all its processes together.
final class ReplayProgress: Sendable {
  struct Look: Sendable {
    /// Offsets that lie behind, of how many.
    var done: Int64
    var total: Int64
    /// Offsets a second since this process began.
    var rate: Double

    var secondsLeft: Double? { rate > 0 ? Double(total - done) / rate : nil }
    var share: Double { total > 0 ? Double(done) / Double(total) : 1 }

    /// For a terminal's line.
    var text: String {
      let percent = String(format: "%5.1f %%", share * 100)
      let left = secondsLeft.map { " · \(ReplayProgress.clock($0)) left" } ?? ""
      return "\(percent) · \(done) of \(total) offsets · \(String(format: "%.0f", rate))/s\(left)"
    }

    var metadata: LogMetadata {
      var metadata: LogMetadata = [
        "done": .integer(Int(clamping: done)), "total": .integer(Int(clamping: total)),
        "per_second": .number((rate * 10).rounded() / 10),
      ]
      if let left = secondsLeft { metadata["seconds_left"] = .number(left.rounded()) }
      return metadata
    }
  }

  private let job: ReplayJob
  private let range: ReplayRange
  private let interval: Duration
  private let isOver = Monitor(false)

  init(job: ReplayJob, range: ReplayRange, interval: Duration) {
    self.job = job
    self.range = range
    self.interval = interval
  }

  func run(_ show: (Look) -> Void) {
    let start = MonotonicClock.now
    // What an earlier process did is no speed of this one.
    var before: Int64?
    while isOver.wait(until: MonotonicClock.now &+ interval.nanoseconds, for: { over, _ in over ? () : nil }) == nil {
      // Brokers that do not answer are the worker's to complain about.
      guard let committed = try? job.committed(Array(range.partitions.keys)) else { continue }
      let done = range.done(committed)
      let first = before ?? done
      before = first
      let seconds = Duration(nanoseconds: MonotonicClock.now &- start).inSeconds
      show(Look(done: done, total: range.count, rate: Double(done - first) / max(seconds, 0.001)))
    }
  }

  func end() { isOver.update { $0 = true } }

  /// Hours, minutes and seconds.
  static func clock(_ seconds: Double) -> String {
    let all = Int(min(max(seconds.rounded(), 0), 1e9))
    let parts = [all / 3600, all / 60 % 60, all % 60].map { ($0 < 10 ? "0" : "") + "\($0)" }
    return parts.joined(separator: ":")
  }
}

/// What a replay's process did, at its end.
struct ReplaySummary {
  let job: ReplayJob
  let options: WorkerOptions
  /// Nil where this process had nothing to do.
  var line: StatsLine?
  /// What to say then.
  var remark = ""
  /// The whole range is, by whichever process.
  let isDone: Bool
  /// With the labels from before, where that was asked for.
  var comparison: ComparisonReport?

  private var resolved: WorkerMetrics.Resolved { line?.now.resolved ?? .init(labels: []) }
  private var replayed: Int { resolved.labelled + resolved.deadLettered + resolved.passedThrough + resolved.skipped }
  private var leftOut: Int { resolved.records - replayed }
  private var seconds: Double { line?.uptime.inSeconds ?? 0 }

  var text: String { ([summary] + (comparison.map { [$0.text] } ?? [])).joined(separator: "\n") }

  private var summary: String {
    guard line != nil else { return remark }
    let rate = Double(replayed) / max(seconds, 0.001)
    var parts = ["\(resolved.labelled) labelled", "\(resolved.deadLettered) dead-lettered"]
    if resolved.passedThrough > 0 { parts.append("\(resolved.passedThrough) passed through") }
    if resolved.skipped > 0 { parts.append("\(resolved.skipped) skipped") }
    if leftOut > 0 || options.replay?.filter.isAll == false { parts.append("\(leftOut) left out") }
    let end = isDone ? "the range is done" : "stopped before the end of the range; run the job again to go on"
    return
      "job \(job.name): \(replayed) records in \(ReplayProgress.clock(seconds)) (\(String(format: "%.1f", rate))/s): \(parts.joined(separator: ", ")); \(end)"
  }

  /// One line.
  func json() -> [UInt8] {
    var json = JSONWriter(reservingCapacity: 512)
    json.object { json in
      json.member("job", job.name)
      json.member("group", job.group)
      json.key("topics")
      json.array { json in for topic in job.topics { json.value(topic) } }
      json.member("output_topic", options.outputTopic)
      json.member("done", isDone)
      json.member("records", replayed)
      json.member("labelled", resolved.labelled)
      json.member("dead_lettered", resolved.deadLettered)
      json.member("passed_through", resolved.passedThrough)
      json.member("skipped", resolved.skipped)
      json.member("left_out", leftOut)
      json.member("tokens", resolved.tokens)
      json.member("seconds", (seconds * 1000).rounded() / 1000)
      if let comparison {
        json.key("comparison")
        comparison.write(to: &json)
      }
    }
    return json.bytes + [0x0A]
  }
}
