import Foundation

@testable import DistilBERT

/// A vocabulary small enough to read tokens from, for tests.
let tinyVocabulary = [
  "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##a", "b", "##b", "ab", "A", "é", "##é", "e", "##e", "i", "##\u{307}", "!",
  "中", "文", "中文", "new", "word", "##word", "_", "/", "[", "]",
]

extension WordPieceTokenizer {
  /// The tokens of a text, without the two around it.
  func tokens(_ text: String, maximumTokens: Int = 512) throws -> [String] {
    try encode(text, maximumTokens: maximumTokens).ids.dropFirst().dropLast().map { token(for: $0) ?? "?" }
  }
}

func withTemporaryDirectory(_ body: (URL) throws -> Void) throws {
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent("tokenizer-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  try body(directory)
}
