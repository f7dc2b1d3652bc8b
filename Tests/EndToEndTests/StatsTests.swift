import Foundation
import TestSupport
import Testing

/// The stats log against its documentation.
struct StatsTests {
  @Test("every line has every documented field and no other, and its figures agree", arguments: Broker.available)
  func documented(broker: Broker) throws {
    try Stage.play(on: broker) { stage in
      var messages = Message.reviews(500)
      messages += (0..<7).map { Message(key: "bad-\($0)", value: "not JSON") }
      messages += (0..<3).map { Message(key: "blank-\($0)", value: #"{"text": " "}"#) }
      messages += (0..<5).map { Message(key: "gone-\($0)", value: nil) }
      try stage.feed(messages)
      let worker = try stage.launch()
      let line = try worker.waitForStats { try $0.int("records_since_start.resolved") == messages.count }
      #expect(try line.int("lag.total") >= 0)
      // Lag is looked up every second.
      try worker.waitForStats { try $0.int("lag.total") == 0 && ($0["lag.partitions"] as? [String: Any])?.count == 4 }
      worker.send(SIGTERM)
      let run = try worker.finished()
      #expect(run.exit == .status(0))

      let lines = try run.output.map { try JSONLine($0) }
      let summary = try #require(lines.last)
      #expect(try lines.map { try $0.string("type") } == Array(repeating: "stats", count: lines.count - 1) + ["summary"])
      let fields = try Self.documentedFields()
      for line in lines { expectFields(of: line, fields) }
      try Self.expectValid(run.output)
      try expectAgreement(of: lines)
      #expect(try summary.int("records.labelled") == 500)
      #expect(try summary.int("records.passed_through") == 5)
      #expect(try summary.int("dead_letters.not-json") == 7)
      #expect(try summary.int("dead_letters.blank") == 3)
      #expect(try summary.double("mean_confidence") == 1)
      #expect(try summary.int("latency_ms.total.count") == messages.count)
      #expect(try summary.int("in_flight.records") == 0 && summary.int("waiting.records") == 0)
      #expect(try summary.double("latency_ms.total.p50") <= summary.double("latency_ms.total.max"))
    }
  }

  @Test("stats lines may go to a file instead")
  func file() throws {
    try withTemporaryDirectory { directory in
      let file = directory.appendingPathComponent("stats.jsonl")
      try Stage.play { stage in
        let worker = try stage.launch(["--stats-file", file.path])
        try worker.waitForLog("partitions assigned")
        worker.send(SIGTERM)
        let run = try worker.finished()
        #expect(run.exit == .status(0) && run.output.isEmpty)
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(try JSONLine(String(try #require(lines.last))).string("type") == "summary")
      }
    }
  }

  @Test(
    "lines of transactions are of the schema", .enabled(if: RealKafka.servers != nil, "SENTIMENT_TEST_KAFKA names no real Kafka"))
  func transactions() throws {
    try withTemporaryDirectory { directory in
      try Stage.play(on: .real) { stage in
        let worker = try stage.launch(
          ["--delivery", "exactly-once"],
          environment: constantLabel.merging(["SENTIMENT_DELIVERY_STATE_DIRECTORY": directory.path]) { $1 })
        try stage.feed(Message.reviews(300))
        try worker.waitForStats { try $0.int("records_since_start.labelled") == 300 }
        worker.send(SIGTERM)
        let run = try worker.finished()
        #expect(try JSONLine(try #require(run.output.last)).int("transactions.committed") > 0)
        try Self.expectValid(run.output)
      }
    }
  }

  @Test("labels that change show as drift, and the baseline outlives the worker")
  func drift() throws {
    try withTemporaryDirectory { directory in
      try Stage.play { stage in
        let file = directory.appendingPathComponent("baseline.json").path
        let settings = [
          "SENTIMENT_STATS_DRIFT_BASELINE": "300", "SENTIMENT_STATS_DRIFT_WINDOW": "100", "SENTIMENT_STATS_DRIFT_FILE": file,
        ]
        func run(_ words: String, _ count: Int) throws -> JSONLine {
          let worker = try stage.launch(["--precision", "int8"], environment: settings)
          try stage.feed((0..<count).map { Message(key: "\($0)", value: #"{"text": "\#(words), number \#($0)."}"#) })
          try worker.waitForStats { try $0.int("records_since_start.labelled") == count }
          worker.send(SIGTERM)
          let end = try worker.finished()
          #expect(end.exit == .status(0))
          try Self.expectValid(end.output)
          return try JSONLine(try #require(end.output.last))
        }
        let steady = try run("A wonderful, moving film", 500)
        #expect(try steady.int("drift.baseline_records") == 300 && steady["drift.baseline_complete"] as? Bool == true)
        #expect(try steady.double("drift.stability_index") < 0.25)
        #expect(try abs(steady.double("drift.share_changes.Positive")) < 0.05)
        #expect(FileManager.default.fileExists(atPath: file))
        // Another worker, later.
        let changed = try run("A terrible, boring film", 150)
        #expect(try changed.int("drift.baseline_records") == 300)
        #expect(try changed.double("drift.stability_index") > 1 && changed.double("drift.share_changes.Negative") > 0.9)
      }
    }
  }

  private static func expectValid(_ lines: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { root.deleteLastPathComponent() }
    let schema = try JSONSchema(Data(contentsOf: root.appendingPathComponent("config/schemas/stats-line.schema.json")))
    #expect(!lines.isEmpty, sourceLocation: sourceLocation)
    for line in lines {
      let problems = try schema.problems(in: Data(line.utf8))
      #expect(problems.isEmpty, "\(problems) in \(line)", sourceLocation: sourceLocation)
    }
  }

  // MARK: Fields

  /// Fields of docs/stats.md whose last part is any name.
  private static let open: Set<String> = [
    "lag.partitions", "labels", "dead_letters", "pass_throughs", "skips", "drift.share_changes",
  ]
  private static let stages = ["age", "tokenise", "queue", "infer", "deliver", "total"]

  /// The paths in the table of docs/stats.md, in full.
  private static func documentedFields() throws -> Set<String> {
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { root.deleteLastPathComponent() }
    let text = try String(contentsOf: root.appendingPathComponent("docs/stats.md"), encoding: .utf8)
    var fields: Set<String> = []
    for row in text.split(separator: "\n") where row.hasPrefix("| `") {
      guard let cell = row.dropFirst().split(separator: "|").first else { continue }
      var previous = ""
      for part in cell.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter({ $0.offset % 2 == 1 }) {
        var name = String(part.element)
        if name.hasPrefix(".") { name = previous.split(separator: ".").dropLast().joined(separator: ".") + name }
        previous = name
        fields.formUnion(expansions(of: name))
      }
    }
    // Some rows document a whole stage.
    return fields.subtracting(stages.map { "latency_ms.\($0)" })
  }

  private static func expansions(of name: String) -> [String] {
    if name.contains("STAGE") { return stages.map { name.replacingOccurrences(of: "STAGE", with: $0) } }
    if name.hasSuffix(".*") {
      return ["consumed", "resolved", "labelled", "passed_through", "dead_lettered", "skipped"].map { name.dropLast() + $0 }
    }
    // `N`, `LABEL` and `REASON` stand for whatever there is.
    if let dot = name.lastIndex(of: "."), open.contains(String(name[..<dot])) { return [String(name[..<dot])] }
    return [name]
  }

  private func expectFields(of line: JSONLine, _ fields: Set<String>) {
    func paths(_ object: [String: Any], _ prefix: String) -> [String] {
      object.flatMap { name, value in
        let path = prefix + name
        guard !Self.open.contains(path), let inner = value as? [String: Any] else { return [path] }
        return paths(inner, path + ".")
      }
    }
    let found = Set(paths(line.object, ""))
    #expect(fields.subtracting(found).isEmpty, "documented, not there")
    #expect(found.subtracting(fields).isEmpty, "there, not documented")
  }

  // MARK: Figures

  private func expectAgreement(of lines: [JSONLine]) throws {
    var sum = 0
    for line in lines {
      for group in ["records", "records_since_start"] {
        let parts = try ["labelled", "passed_through", "dead_lettered", "skipped"].map { try line.int("\(group).\($0)") }
        #expect(try line.int("\(group).resolved") == parts.reduce(0, +))
      }
      #expect(try line.int("records_since_start.consumed") >= line.int("records_since_start.resolved"))
      #expect(try sumOfValues("labels", of: line) == line.int("records.labelled"))
      #expect(try sumOfValues("dead_letters", of: line) == line.int("records.dead_lettered"))
      #expect(try sumOfValues("pass_throughs", of: line) == line.int("records.passed_through"))
      #expect(try sumOfValues("skips", of: line) == line.int("records.skipped"))
      #expect(try sumOfValues("lag.partitions", of: line) == line.int("lag.total"))
      #expect(try line.int("version") == 1)
      if try line.string("type") == "stats" {
        sum += try line.int("records.resolved")
        #expect(try line.int("records_since_start.resolved") == sum, "intervals leave nothing out and overlap nowhere")
      } else {
        #expect(try line.int("records.resolved") == line.int("records_since_start.resolved"))
        #expect(try line.double("interval_seconds") == line.double("uptime_seconds"))
      }
    }
  }

  private func sumOfValues(_ path: String, of line: JSONLine) throws -> Int {
    try #require(line[path] as? [String: Int], "\(path)").values.reduce(0, +)
  }
}
