import Foundation

/// A review that comes with the program, for the demo.
struct SampleReview: Decodable, Sendable {
  var id: String
  var text: String
  /// How its writer meant it: Positive, Negative or Mixed.
  var expected: String?

  /// All of them, in order.
  static func all() throws -> [SampleReview] {
    let file = try ModelDirectory.resource("sample-reviews.jsonl")
    let decoder = JSONDecoder()
    return try String(contentsOf: file, encoding: .utf8).split(whereSeparator: \.isNewline)
      .map { try decoder.decode(SampleReview.self, from: Data($0.utf8)) }
  }
}
