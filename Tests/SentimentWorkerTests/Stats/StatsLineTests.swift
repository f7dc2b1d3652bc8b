import Foundation
import Telemetry
import Testing

@testable import SentimentWorker

@Suite struct StatsLineTests {
  /// A line over a minute in which something of everything happened.
  private func line() throws -> [String: Any] {
    let metrics = WorkerMetrics(labels: 2, lanes: 2)
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

  @Test func theDocumentationNamesEveryField() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("docs/stats.md")
    let text = try String(contentsOf: file, encoding: .utf8)
    for path in Self.paths(try line(), under: "") {
      let name = path.split(separator: ".").last.map(String.init) ?? path
      #expect(text.contains(name), "docs/stats.md does not name \(path)")
    }
  }

  private static func paths(_ object: [String: Any], under prefix: String) -> [String] {
    object.flatMap { name, value -> [String] in
      let path = prefix + name
      // Members of these are named by data: partitions, labels, reasons.
      let isData = ["lag.partitions", "labels", "dead_letters", "pass_throughs", "skips"].contains(path)
      guard let inner = value as? [String: Any], !isData else { return [path] }
      return paths(inner, under: path + ".")
    }
  }
}
