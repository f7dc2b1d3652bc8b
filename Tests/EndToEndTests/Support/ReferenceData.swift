import Foundation
import Testing

/// Reviews and what the reference implementation makes of them, in `SENTIMENT_SHARED_DIR` or beside the project.
enum ReferenceData {
  static let directory: URL = {
    if let path = ProcessInfo.processInfo.environment["SENTIMENT_SHARED_DIR"], !path.isEmpty { return URL(fileURLWithPath: path) }
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    return root.appendingPathComponent("../shared").standardizedFileURL
  }()

  static let isThere = FileManager.default.fileExists(atPath: directory.appendingPathComponent("reference").path)

  static let reviewsFile = directory.appendingPathComponent("data/imdb-test-5k.jsonl")
  static let tokensFile = directory.appendingPathComponent("reference/tokens.jsonl")

  /// A review, and the reference's raw scores for Negative and Positive.
  struct Review: Decodable {
    var id: String
    var text: String
    var logits: [Double] = []

    private enum CodingKeys: String, CodingKey { case id, text }

    var label: String { logits[1] > logits[0] ? "Positive" : "Negative" }
    /// Softmax of the two.
    var positive: Double { 1 / (1 + exp(logits[0] - logits[1])) }
  }

  struct Tokens: Decodable {
    var text: String
    var ids: [Int]
  }

  private struct Logits: Decodable {
    var id: String
    var logits: [Double]
  }

  /// The first `count` reviews.
  static func reviews(_ count: Int) throws -> [Review] {
    let logits = try lines(directory.appendingPathComponent("reference/logits-imdb-minilm-l6.jsonl"), count, as: Logits.self)
    let byID = Dictionary(uniqueKeysWithValues: logits.map { ($0.id, $0.logits) })
    return try lines(reviewsFile, count, as: Review.self).map { review in
      var review = review
      review.logits = try #require(byID[review.id], "the reference has no logits for \(review.id)")
      return review
    }
  }

  static func tokens() throws -> [Tokens] { try lines(tokensFile, .max, as: Tokens.self) }

  private static func lines<Line: Decodable>(_ file: URL, _ count: Int, as type: Line.Type) throws -> [Line] {
    let decoder = JSONDecoder()
    return try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).prefix(count).map {
      try decoder.decode(type, from: Data($0))
    }
  }
}

/// A directory that is removed when the test is done.
func withTemporaryDirectory(_ body: (URL) throws -> Void) throws {
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent("sentiment-worker-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  try body(directory)
}

/// A line of JSON, taken apart by paths such as `records.labelled`.
struct JSONLine {
  let object: [String: Any]

  init(_ line: String) throws {
    let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
    object = try #require(value as? [String: Any], "no JSON object: \(line)")
  }

  subscript(_ path: String) -> Any? {
    var value: Any? = object
    for name in path.split(separator: ".") { value = (value as? [String: Any])?[String(name)] }
    return value
  }

  func int(_ path: String) throws -> Int { try #require(self[path] as? Int, "\(path) is no integer") }
  func double(_ path: String) throws -> Double { try #require((self[path] as? NSNumber)?.doubleValue, "\(path) is no number") }
  func string(_ path: String) throws -> String { try #require(self[path] as? String, "\(path) is no string") }
}
