/// What `top` shows: lines of text from the workers' last stats lines. Pure.
struct TopFrame {
  struct Worker: Sendable, Equatable {
    var name: String
    /// Nil until it has said something.
    var line: TopLine?
    /// Why nothing new is known of it.
    var trouble: String?
  }

  var workers: [Worker]
  /// Records a second of all workers together, the newest last, one for each `interval`.
  var history: [Double]
  /// Between two of them, in seconds.
  var interval: Double
  /// Of the day.
  var clock: String
  var width = 80
  var height = 24

  private var lines: [TopLine] { workers.compactMap { $0.trouble == nil ? $0.line : nil } }

  /// `height` lines at most, none longer than `width`.
  func text() -> [String] {
    var text = [header, ""] + stream + [""] + latency + [""] + list
    if text.count > height { text = Array(text.prefix(max(1, height - 1))) + ["… \(text.count - height + 1) more lines"] }
    return text.map { Self.fit($0, width) }
  }

  // MARK: Parts

  private var header: String {
    let bad = workers.count - lines.count
    let words =
      "sentiment-worker top · \(workers.count) worker\(workers.count == 1 ? "" : "s")\(bad > 0 ? ", \(bad) silent" : "") · \(clock)"
    return Self.apart(words, "q quits", width)
  }

  /// All workers together.
  private var stream: [String] {
    let rate = lines.reduce(0) { $0 + $1.recordsPerSecond }
    let lag = lines.reduce(0) { $0 + $1.lag.total }
    let drain = lag == 0 ? "" : rate > 0 ? ", \(ReplayProgress.clock(Double(lag) / rate)) to drain" : ", nothing moves"
    let room = max(0, width - 44)
    let shown = Array(history.suffix(room))
    let span = Double(shown.count) * interval
    var labels: [String: Int] = [:]
    for line in lines { labels.merge(line.labels, uniquingKeysWith: +) }
    let labelled = labels.values.reduce(0, +)
    let mix = labels.sorted { $0.key < $1.key }.map { label, count in
      "\(label) \(labelled > 0 ? Figures.percent(Double(count) / Double(labelled)) : "–")"
    }
    let sure = lines.compactMap { line in line.meanConfidence.map { ($0, line.labels.values.reduce(0, +)) } }
    let weight = sure.reduce(0) { $0 + $1.1 }
    let confidence = weight > 0 ? Figures.decimal(sure.reduce(0) { $0 + $1.0 * Double($1.1) } / Double(weight), 3) : "–"
    let drift = lines.compactMap { $0.drift?.stabilityIndex }.max().map { ["drift \(Figures.decimal($0, 2))"] } ?? []
    let dead = lines.reduce(0) { $0 + $1.sinceStart.deadLettered }
    var reasons: [String: Int] = [:]
    var errors: [String: Int] = [:]
    for line in lines {
      reasons.merge(line.deadLetters, uniquingKeysWith: +)
      errors.merge(line.errors, uniquingKeysWith: +)
    }
    func named(_ counts: [String: Int]) -> String {
      counts.filter { $0.value > 0 }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
        .joined(separator: ", ")
    }
    let now = named(reasons)
    let partitions = lines.flatMap { $0.lag.partitions.map { (Int($0.key) ?? .max, $0.value) } }.sorted { $0.0 < $1.0 }
    return [
      "records/s    \(Self.padded(Figures.decimal(rate, 1), 10))  \(Self.sparkline(shown))"
        + (shown.isEmpty ? "" : "  \(ReplayProgress.clock(span))"),
      "behind       \(Self.padded(Figures.decimal(Double(lag), 0), 10))\(drain)",
      "by partition  " + partitions.map { "\($0.0): \(Figures.decimal(Double($0.1), 0))" }.joined(separator: "  "),
      "labels        " + (mix + ["mean confidence \(confidence)"] + drift).joined(separator: "   "),
      "dead letters \(Self.padded(Figures.decimal(Double(dead), 0), 10))" + (now.isEmpty ? "" : "  now: \(now)"),
      "errors now    " + (named(errors).isEmpty ? "none" : named(errors)),
    ]
  }

  /// Of each stage the worst worker's.
  private var latency: [String] {
    let stages = ["age", "queue", "infer", "deliver", "total"]
    var rows = [Self.columns(["latency, ms", "p50", "p95", "p99", "max"], [14, 10, 10, 10, 10])]
    for stage in stages {
      let all = lines.compactMap { $0.latency[stage] }.filter { $0.count > 0 }
      func worst(_ path: KeyPath<TopLine.Latency, Double>) -> String {
        all.map { $0[keyPath: path] }.max().map { Figures.decimal($0, 1) } ?? "–"
      }
      rows.append(Self.columns(["  \(stage)", worst(\.p50), worst(\.p95), worst(\.p99), worst(\.max)], [14, 10, 10, 10, 10]))
    }
    return rows
  }

  private var list: [String] {
    let widths = [max(20, width - 58), 8, 9, 7, 9, 8, 8, 7]
    var rows = [Self.columns(["worker", "rec/s", "behind", "busy", "in fl.", "dead", "MB", ""], widths)]
    for worker in workers {
      guard let line = worker.line, worker.trouble == nil else {
        rows.append(Self.columns([worker.name], [widths[0]]) + "  " + (worker.trouble ?? "not heard of yet"))
        continue
      }
      rows.append(
        Self.columns(
          [
            worker.name, Figures.decimal(line.recordsPerSecond, 1), Figures.decimal(Double(line.lag.total), 0),
            Figures.percent(line.lanes.utilisation, 0), Figures.decimal(Double(line.inFlight.records), 0),
            Figures.decimal(Double(line.sinceStart.deadLettered), 0),
            line.memory.map { Figures.decimal(Double($0) / 1e6, 0) } ?? "–", line.model.precision,
          ], widths))
      if !line.health.good { rows.append("  STANDS STILL: \(line.health.stalled.joined(separator: ", "))") }
      if line.paused { rows.append("  paused: a bound of what may be in flight is reached") }
    }
    return rows
  }

  // MARK: Text

  /// Eighths of a block, scaled to the largest value.
  static func sparkline(_ values: [Double]) -> String {
    let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    let top = values.max() ?? 0
    return String(values.map { value in top > 0 ? blocks[min(7, Int(max(0, value) / top * 7.999))] : blocks[0] })
  }

  /// The first to the left, the others to the right of their columns.
  private static func columns(_ cells: [String], _ widths: [Int]) -> String {
    zip(cells, widths).enumerated().map { index, cell in
      index == 0 ? fit(cell.0, cell.1).padding(cell.1) : padded(cell.0, cell.1)
    }.joined()
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private static func apart(_ left: String, _ right: String, _ width: Int) -> String {
    left + String(repeating: " ", count: max(1, width - left.count - right.count)) + right
  }

  private static func fit(_ text: String, _ width: Int) -> String {
    text.count <= width ? text : String(text.prefix(max(0, width - 1))) + "…"
  }
}

extension String {
  fileprivate func padding(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
