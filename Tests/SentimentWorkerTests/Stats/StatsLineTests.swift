import Foundation
import Telemetry
import TestSupport
import Testing

@testable import SentimentWorker

@Suite struct StatsLineTests {
  /// A line over a minute in which something of everything happened.
  private func line() throws -> [String: Any] {
    let limits = Drift.Limits(baselineRecords: 10, window: 10)
    let metrics = WorkerMetrics(labels: 2, lanes: 2, drift: DriftOptions(limits: limits))
    metrics.drift?.withLock { drift in for _ in 0..<30 { drift.note(label: 1, confidence: 0.9) } }
    let earlier = StatsSnapshot(metrics, time: UTCTime(milliseconds: 0), at: 0)
    metrics.noteConsumed(timestamp: 1000, at: UTCTime(milliseconds: 3000))
    metrics.stages.tokenise.record(.milliseconds(1))
    metrics.lanes.note(records: 3, tokens: 300, waits: [1_000_000, 2_000_000, 3_000_000], busy: 30_000_000_000)
    metrics.pauses.increment()
    let now = StatsSnapshot(metrics, time: UTCTime(milliseconds: 60_000), at: 60_000_000_000)
    let line = StatsLine(
      earlier: earlier, now: now, load: PipelineLoad(waitingRecords: 1), isPaused: true, stalled: [], lag: [0: 5, 3: 7],
      model: ModelIdentity(name: "m", fingerprint: "f", precision: "f32"), labels: ["Negative", "Positive"], lanes: 2,
      batchTokenLimit: 600, residentBytes: 1 << 20, uptime: .seconds(60), isSummary: false)
    let bytes = line.encode()
    #expect(bytes.last == UInt8(ascii: "\n"))
    return try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
  }

  @Test func figuresAreOfTheInterval() throws {
    let line = try line()
    #expect((line["lanes"] as? [String: Double])?["utilisation"] == 0.25)
    #expect((line["batches"] as? [String: Double])?["fill"] == 0.5)
    #expect((line["lag"] as? [String: Any])?["total"] as? Int == 12)
    #expect(line["mean_confidence"] is NSNull)
    let age = (line["latency_ms"] as? [String: Any])?["age"] as? [String: Double]
    #expect(age?["count"] == 1)
    #expect(abs((age?["p50"] ?? 0) - 2000) < 60)
  }

  @Test func theSchemaRefusesWhatNoLineIs() throws {
    let schema = try Self.schema()
    let good = try line()
    func problems(_ change: (inout [String: Any]) -> Void) throws -> [String] {
      var line = good
      change(&line)
      return try schema.problems(in: JSONSerialization.data(withJSONObject: line)).map(\.description)
    }
    #expect(try problems { _ in } == [])
    #expect(try problems { $0["version"] = 2 } == ["version is not 1"])
    #expect(try problems { $0["type"] = "other" }.count == 1)
    #expect(try problems { $0["lag"] = nil } == ["the document lacks lag"])
    #expect(try problems { $0["more"] = 1 } == ["more is not in the schema"])
    #expect(try problems { $0["paused"] = 1 } == ["paused is no boolean"])
    #expect(try problems { $0["rebalances"] = 1.5 } == ["rebalances is no integer"])
    #expect(try problems { $0["rebalances"] = true } == ["rebalances is no integer"])
    #expect(try problems { $0["time"] = "today" }.count == 1)
    #expect(try problems { $0["mean_confidence"] = 1.5 } == ["mean_confidence is more than 1"])
    #expect(try problems { $0["labels"] = ["Positive": -1] } == ["labels.Positive is less than 0"])
    #expect(try problems { $0["lag"] = ["total": 0, "partitions": ["first": 3]] }.count == 1)
    #expect(try problems { $0["health"] = ["good": true, "stalled": ["nobody"]] }.count == 1)
    #expect(throws: JSONSchema.Problem.self) { try JSONSchema(Data(#"{"oneOf": []}"#.utf8)).problems(in: Data("1".utf8)) }
  }

  @Test func theSchemaAndTheDocumentationNameTheSameFields() throws {
    let text = try Self.file("docs/stats.md")
    for path in try Self.schema().paths {
      let name = path.split(separator: ".").last.map(String.init) ?? path
      #expect(text.contains(name), "docs/stats.md does not name \(path)")
    }
  }

  private static func schema() throws -> JSONSchema {
    try JSONSchema(Data(file("config/schemas/stats-line.schema.json").utf8))
  }

  private static func file(_ path: String) throws -> String {
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  @Test func theDocumentationNamesEveryField() throws {
    let text = try Self.file("docs/stats.md")
    for path in Self.paths(try line(), under: "") {
      let name = path.split(separator: ".").last.map(String.init) ?? path
      #expect(text.contains(name), "docs/stats.md does not name \(path)")
    }
  }

  private static func paths(_ object: [String: Any], under prefix: String) -> [String] {
    object.flatMap { name, value -> [String] in
      let path = prefix + name
      // Members of these are named by data: partitions, labels, reasons.
      let isData = ["lag.partitions", "labels", "dead_letters", "pass_throughs", "skips", "drift.share_changes"].contains(path)
      guard let inner = value as? [String: Any], !isData else { return [path] }
      return paths(inner, under: path + ".")
    }
  }
}
