import Foundation
import Kafka
import Telemetry
import Testing

@testable import SentimentWorker

@Suite("How new labels differ from those before")
struct ComparisonTests {
  private let a = TopicPartition(topic: "reviews", partition: 0)
  private let b = TopicPartition(topic: "reviews", partition: 1)

  private func result(
    _ label: String, _ confidence: Double, _ partition: Int32 = 0, _ offset: Int64, topic: String = "reviews",
    model: String = "old"
  ) throws -> LabelledResult {
    let json = """
      {"version": 1, "label": "\(label)", "confidence": \(confidence), "probabilities": {}, "tokens": 3, "truncated": false,
      "model": {"name": "\(model)", "fingerprint": "0123456789abcdef", "precision": "f32"},
      "source": {"topic": "\(topic)", "partition": \(partition), "offset": \(offset), "timestamp": null}}
      """
    return try #require(LabelledResult(json: Array(json.utf8)))
  }

  private func example() throws -> ComparisonFindings {
    var comparison = ReplayComparison(range: ReplayRange([a: 10..<20, b: 0..<5]))
    for (label, confidence, partition, offset) in [
      ("Positive", 0.9, 0, 10), ("Positive", 0.8, 0, 11), ("Negative", 0.7, 0, 12), ("Negative", 0.95, 1, 0),
      ("Positive", 0.6, 1, 4),
      // Outside of the range.
      ("Positive", 0.9, 0, 9), ("Positive", 0.9, 0, 20), ("Positive", 0.9, 2, 0), ("Positive", 0.9, 0, -1),
    ] as [(String, Double, Int32, Int64)] {
      comparison.note(try result(label, confidence, partition, offset), .before)
    }
    comparison.note(try result("Positive", 0.9, 0, 10, topic: "others"), .before)
    for (label, confidence, partition, offset) in [
      // The last one counts.
      ("Negative", 0.5, 0, 10), ("Positive", 0.88, 0, 10), ("Negative", 0.55, 0, 11), ("Negative", 0.74, 0, 12),
      ("Positive", 0.99, 1, 0),
      ("Positive", 0.5, 1, 3),
    ] as [(String, Double, Int32, Int64)] {
      comparison.note(try result(label, confidence, partition, offset, model: "new"), .now)
    }
    return comparison.findings(examples: 1)
  }

  @Test("records with a label on both sides are compared, by place")
  func counts() throws {
    let findings = try example()
    #expect(findings.compared == 4 && findings.onlyBefore == 1 && findings.onlyNow == 1)
    #expect(findings.changed == 2 && findings.changedShare == 0.5)
    #expect(
      findings.transitions == [
        .init(before: "Positive", now: "Negative"): 1, .init(before: "Negative", now: "Positive"): 1,
      ])
    #expect(findings.before["Positive"]?.records == 2 && findings.now["Positive"]?.records == 2)
    #expect(abs(try #require(findings.before["Positive"]?.meanConfidence) - 0.85) < 1e-4)
    #expect(findings.modelsBefore.map(\.name) == ["old"] && findings.modelsNow.map(\.name) == ["new"])
    // Two labels stayed, by -0.02 and +0.04.
    #expect(abs(try #require(findings.shift.mean) - 0.01) < 1e-4)
    #expect(findings.shift.quantile(0.5) == 0.02 && findings.shift.quantile(0.95) == 0.04)
    #expect(abs(findings.shift.largest - 0.04) < 1e-4)
  }

  @Test("the example that both sides were surest of is named")
  func examples() throws {
    let findings = try example()
    #expect(findings.examples.map(\.place) == [b] && findings.examples.map(\.offset) == [0])
    #expect(findings.examples.first?.before.label == "Negative")
  }

  @Test("as text and as JSON")
  func report() throws {
    var report = ComparisonReport(findings: try example(), before: "labels", now: "labels-v2", isFiltered: false)
    report.texts = ["A film."]
    for words in [
      "4 records have a label in both", "1 only in labels, 1 only in labels-v2", "2 labels changed (50.00 %)",
      "Negative → Positive: 1 (25.00 %)",
      "Positive: before 2 (50.00 %, mean confidence 0.8500); now 2 (50.00 %, mean confidence 0.9350)",
      "reviews [1] @ 0: Negative 0.950 → Positive 0.990\n      A film.", "models now:    new 0123456789ab f32",
    ] { #expect(report.text.contains(words), "\(words) is not in\n\(report.text)") }
    var json = JSONWriter()
    report.write(to: &json)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(json.bytes)) as? [String: Any])
    #expect(object["compared"] as? Int == 4 && object["changed"] as? Int == 2)
    #expect((object["examples"] as? [[String: Any]])?.first?["text"] as? String == "A film.")
    report = ComparisonReport(findings: report.findings, before: "labels", now: "labels-v2", isFiltered: true)
    #expect(!report.text.contains("only in"))
  }

  @Test("nothing to compare is said, and no number is made of it")
  func nothing() throws {
    let findings = ReplayComparison(range: ReplayRange([a: 0..<3])).findings(examples: 5)
    let report = ComparisonReport(findings: findings, before: "labels", now: "labels-v2", isFiltered: false)
    #expect(report.text == "labels-v2 compared with labels: 0 records have a label in both")
    var json = JSONWriter()
    report.write(to: &json)
    _ = try JSONSerialization.jsonObject(with: Data(json.bytes))
  }

  @Test(
    "what is no result is passed over",
    arguments: [
      "", "no JSON", "{}", #"{"text": "a review"}"#, "[1]",
      #"{"label": 1, "confidence": 0.5, "model": {"name": "", "fingerprint": "", "precision": ""}, "source": {"topic": "t", "partition": 0, "offset": 0}}"#,
      #"{"label": "a", "confidence": 1e999, "model": {"name": "", "fingerprint": "", "precision": ""}, "source": {"topic": "t", "partition": 0, "offset": 0}}"#,
    ])
  func noResult(json: String) { #expect(LabelledResult(json: Array(json.utf8)) == nil) }

  @Test("labels without end, and confidences that are none, fill no memory and break nothing")
  func hostile() throws {
    var comparison = ReplayComparison(range: ReplayRange([a: 0..<400]))
    for offset in 0..<400 {
      comparison.note(try result("label \(offset)", offset % 2 == 0 ? -7 : 1e300, 0, Int64(offset), model: "m\(offset)"), .before)
      comparison.note(try result("label \(offset)", 0.5, 0, Int64(offset)), .now)
    }
    let findings = comparison.findings(examples: 3)
    #expect(findings.compared == 255 && findings.changed == 0 && findings.modelsBefore.count == 16)
  }
}
