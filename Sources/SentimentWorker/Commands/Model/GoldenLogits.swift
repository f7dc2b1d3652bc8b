import Foundation

/// What PyTorch gives for the sample reviews with the bundled model, and the bits that our int8 gives; written by
/// `scripts/make_bundled_golden.py`.
struct GoldenLogits: Decodable {
  struct Review: Decodable {
    var id: String
    var logits: [Double]
  }

  /// Of the model that they belong to.
  var fingerprint: String
  /// The most that a logit at f32 may be away.
  var tolerance: Double
  /// 16 hexadecimal digits: `digest(of:)` of the logits of all reviews in order, the same on every CPU.
  var int8Digest: String
  /// In the order of the sample reviews.
  var logits: [Review]

  private enum CodingKeys: String, CodingKey {
    case fingerprint, tolerance, logits
    case int8Digest = "int8_digest"
  }

  /// Those that come with the program.
  static func load() throws -> GoldenLogits {
    let file = try ModelDirectory.resource("golden-logits.json")
    return try JSONDecoder().decode(GoldenLogits.self, from: Data(contentsOf: file))
  }

  /// FNV-1a over the bit patterns.
  static func digest(of logits: [[Float]]) -> String {
    let hash = logits.joined().reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1.bitPattern)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// The largest difference of logits, which must be of these reviews in their order; nil if they are of another shape.
  func difference(from found: [[Float]]) -> Double? {
    guard found.count == logits.count, zip(found, logits).allSatisfy({ $0.count == $1.logits.count }) else { return nil }
    return zip(found, logits).reduce(0) { worst, pair in
      zip(pair.0, pair.1.logits).reduce(worst) { max($0, abs(Double($1.0) - $1.1)) }
    }
  }

  /// Of how many reviews the highest logit is that of the same class.
  func sameLabels(as found: [[Float]]) -> Int {
    zip(found, logits).count { Self.highest($0) == Self.highest($1.logits) }
  }

  private static func highest(_ logits: [some Comparable]) -> Int? { logits.indices.max { logits[$0] < logits[$1] } }
}
