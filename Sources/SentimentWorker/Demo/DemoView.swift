import Foundation
import Kafka

/// What the demo shows: a row for each message that comes out, and a summary.
struct DemoView {
  private let texts: [String: SampleReview]
  private let expected: Int
  private let table: AnswerTable
  private(set) var seen = 0
  private var deadLettered = 0
  private var agreed = 0
  private var judged = 0

  /// - Parameter expected: how many messages are to come out.
  init(reviews: [SampleReview], expected: Int, labels: [String], width: Int) {
    texts = Dictionary(reviews.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    self.expected = expected
    table = AnswerTable(labels: labels, width: width)
  }

  var header: String { table.header }
  var isComplete: Bool { seen >= expected }

  private struct Result: Decodable {
    var label: String
    var confidence: Float
    var tokens: Int
    var truncated: Bool
  }

  /// Counts a result or dead letter and describes it in one line.
  mutating func row(for record: ConsumerRecord) -> String {
    seen += 1
    let key = String(decoding: record.key ?? [], as: UTF8.self)
    guard record.topic != DemoStream.deadLetterTopic else {
      deadLettered += 1
      let reason = record.header("sentiment-reason").map { String(decoding: $0, as: UTF8.self) } ?? "unknown"
      return table.row(seen, failure: "\(key) → \(record.topic): \(reason)")
    }
    guard let result = try? JSONDecoder().decode(Result.self, from: Data(record.value ?? [])) else {
      return table.row(seen, failure: "\(key): the result cannot be read")
    }
    let review = texts[key]
    if let expected = review?.expected, expected != "Mixed" {
      judged += 1
      if expected == result.label { agreed += 1 }
    }
    return table.row(
      seen, label: result.label, confidence: result.confidence, tokens: result.tokens, isTruncated: result.truncated,
      text: Array((review?.text ?? key).utf8))
  }

  /// What happened, for a stranger.
  func summary(_ stats: StatsLine) -> String {
    let resolved = stats.now.resolved
    let seconds = Double(stats.now.stages.total.maximum) / 1e9
    func milliseconds(_ percent: Double) -> Int { Int(Double(stats.now.stages.total.percentile(percent).value) / 1e6) }
    let mix = zip(stats.labels, resolved.labels).map { "\($1) \($0.onOneLine)" }.joined(separator: ", ")
    let reasons = resolved.deadLetters.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    let mean = resolved.labelled == 0 ? 0 : resolved.confidenceSum / Double(resolved.labelled)
    let rate = seconds > 0 ? Double(resolved.labelled) / seconds : 0
    return """

      \(expected) messages in, \(seen) out: \(resolved.labelled) labelled (\(mix)), \(resolved.deadLettered) dead-lettered (\(reasons)), none lost.
      Mean confidence \(Int((mean * 100).rounded())) %. Where the writer of a sample was clearly for or against, the label agrees in \(agreed) of \(judged).
      \(Int(rate)) reviews/s and \(Int(Double(resolved.tokens) / max(seconds, 1e-9))) tokens/s, all at once; from consumption to acknowledged result \(milliseconds(50)) ms (median), \(milliseconds(95)) ms (95 %).

      Next: sentiment-worker classify "Your own text."
            sentiment-worker run --help
      """
  }
}
