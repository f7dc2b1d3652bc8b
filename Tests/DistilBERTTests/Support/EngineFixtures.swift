import Foundation
import TestSupport

@testable import DistilBERT

/// Models and reference data that the engine's tests read.
enum EngineFixtures {
  /// A DistilBERT-base checkpoint made by shared/tools/make_base_model.py, by SENTIMENT_BASE_MODEL.
  static let baseModel = ProcessInfo.processInfo.environment["SENTIMENT_BASE_MODEL"].map { URL(fileURLWithPath: $0) }

  struct Review {
    let ids: [Int32]
    /// PyTorch's, f32.
    let logits: [Float]
  }

  /// Reviews whose ids and logits are both known, at most `limit`.
  static func reviews(logits name: String, limit: Int) throws -> [Review] {
    struct Text: Decodable {
      let id: String
      let text: String
    }
    struct Tokens: Decodable {
      let text: String
      let ids: [Int32]
    }
    struct Logits: Decodable {
      let id: String
      let logits: [Float]
    }
    let logits = try lines(of: "reference/\(name)", as: Logits.self, limit: limit)
    let texts = try lines(of: "data/imdb-test-5k.jsonl", as: Text.self, limit: limit)
    let known = Set(texts.map(\.text))
    let tokens = try lines(of: "reference/tokens.jsonl", as: Tokens.self, limit: .max).filter { known.contains($0.text) }
    let ids = Dictionary(tokens.map { ($0.text, $0.ids) }) { first, _ in first }
    return zip(texts, logits).compactMap { text, logits in
      ids[text.text].map { Review(ids: $0, logits: logits.logits) }
    }
  }

  private static func lines<Row: Decodable>(of path: String, as: Row.Type, limit: Int) throws -> [Row] {
    let data = try Data(contentsOf: SharedDirectory.file(path))
    return try data.split(separator: UInt8(ascii: "\n")).prefix(limit).map { try JSONDecoder().decode(Row.self, from: $0) }
  }
}

extension Lane {
  /// Logits of each sequence, all in one batch.
  func logits(_ sequences: [[Int32]]) throws -> [[Float]] {
    var flat: [Float] = []
    _ = try forward(ids: Array(sequences.joined()), lengths: sequences.map(\.count), logits: &flat)
    let labels = model.labels.count
    return sequences.indices.map { Array(flat[$0 * labels..<($0 + 1) * labels]) }
  }
}
