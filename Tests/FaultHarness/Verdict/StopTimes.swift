import Telemetry

/// The number of workers was changed.
struct PodChange: Sendable, Equatable {
  var from: Int
  var to: Int
  var at: WallMilliseconds
}

/// How long a change of the number of workers stopped the stream, by the times at which brokers appended the outcomes. Pure.
struct StopTimes: Sendable, Equatable {
  struct Stop: Sendable, Equatable {
    var change: PodChange
    /// The longest time in which nothing was written at all.
    var all: Int64
    /// The longest time in which nothing of one input partition was written, over the partitions.
    var partition: Int64
    /// Outcomes that were written until the next change.
    var outcomes: Int
  }

  let stops: [Stop]
  /// The longest gaps, in milliseconds, while nothing was changed: what to compare with.
  let calm: Stop?

  /// - Parameters:
  ///   - begin: when the workers were at work; what lies before the first change is the calm.
  ///   - end: until when records were fed.
  init(_ changes: [PodChange], outcomes: [OutcomeRecord], begin: WallMilliseconds, end: WallMilliseconds) {
    let times = outcomes.compactMap { outcome in outcome.source.map { (partition: $0.partition, at: outcome.appendedAt) } }
      .sorted { $0.at < $1.at }
    func stop(_ change: PodChange, until end: WallMilliseconds) -> Stop {
      let inside = times.filter { (change.at..<max(change.at, end)).contains($0.at) }
      // A gap that begins before the change, or is not over at the end, counts from and to there.
      func longest(_ moments: [WallMilliseconds]) -> Int64 {
        zip([change.at] + moments, moments + [max(change.at, end)]).map { $1 - $0 }.max() ?? 0
      }
      let partitions = Dictionary(grouping: inside, by: \.partition).mapValues { longest($0.map(\.at)) }
      return Stop(change: change, all: longest(inside.map(\.at)), partition: partitions.values.max() ?? 0, outcomes: inside.count)
    }
    let ends = changes.dropFirst().map(\.at) + [end]
    stops = zip(changes, ends).map { stop($0, until: $1) }
    calm = changes.first.map { stop(PodChange(from: $0.from, to: $0.from, at: begin), until: $0.at) }
  }

  // MARK: Telling

  /// A table, a line for each change.
  var text: String {
    var lines = ["  workers   whole stream, ms   one partition at most, ms   outcomes"]
    for stop in (calm.map { [$0] } ?? []) + stops {
      let pods = stop.change.from == stop.change.to ? "\(stop.change.to), calm" : "\(stop.change.from) → \(stop.change.to)"
      let cells = [(pods, 10), ("\(stop.all)", 19), ("\(stop.partition)", 28), ("\(stop.outcomes)", 8)]
      lines.append(cells.map { $0 + String(repeating: " ", count: max(1, $1 - $0.count)) }.joined().trimmingEnd)
      lines[lines.count - 1] = "  " + lines[lines.count - 1]
    }
    return lines.joined(separator: "\n")
  }

  func write(to json: inout JSONWriter) {
    json.array { json in
      for stop in (calm.map { [$0] } ?? []) + stops {
        json.object {
          $0.member("from", stop.change.from)
          $0.member("to", stop.change.to)
          $0.member("stopped_ms", stop.all)
          $0.member("partition_stopped_ms", stop.partition)
          $0.member("outcomes", stop.outcomes)
        }
      }
    }
  }
}

extension String {
  fileprivate var trimmingEnd: String {
    var text = Substring(self)
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
