import Foundation
import TestSupport
import Testing

@testable import DistilBERT

/// The bundled tokeniser against ids that Hugging Face's `tokenizers` gave.
@Suite struct ReferenceTokensTests {
  private struct Case: Decodable {
    var text: String
    var ids: [Int32]
  }

  @Test(.enabled(if: SharedDirectory.has("reference/tokens.jsonl"), "reference/tokens.jsonl is not there"))
  func everyReferenceTextHasItsIDs() throws {
    let tokenizer = try WordPieceTokenizer(directory: SharedDirectory.bundledModel)
    let lines = try Data(contentsOf: SharedDirectory.file("reference/tokens.jsonl")).split(separator: UInt8(ascii: "\n"))
    #expect(lines.count > 1000)
    var different = 0
    for line in lines {
      let expected = try JSONDecoder().decode(Case.self, from: line)
      let (ids, encoding) = try tokenizer.encode(expected.text, maximumTokens: 512)
      #expect(encoding.tokens == ids.count)
      if ids != expected.ids {
        different += 1
        Issue.record("\(expected.text.debugDescription): \(ids), expected \(expected.ids)")
      }
    }
    print("token ids: \(lines.count) reference texts, \(different) differences")
  }

  @Test func vocabularyTextGivesTheSameTokenizer() throws {
    try withTemporaryDirectory { directory in
      for name in ["vocab.txt", "tokenizer_config.json"] {
        try FileManager.default.copyItem(
          at: SharedDirectory.bundledModel.appendingPathComponent(name), to: directory.appendingPathComponent(name))
      }
      let saved = try WordPieceTokenizer(directory: SharedDirectory.bundledModel)
      let text = try WordPieceTokenizer(directory: directory)
      #expect(text.vocabularyCount == 30522)
      #expect(text.options == saved.options)
      #expect(text.clsID == 101 && text.sepID == 102 && text.unkID == 100 && text.maskID == 103 && text.padID == 0)
      for sample in ["It's the [MASK] Café in 中国, unbelievably!", "ﷺ\u{0}İ [SEP]", ""] {
        #expect(try text.encode(sample, maximumTokens: 512).ids == saved.encode(sample, maximumTokens: 512).ids)
      }
      #expect(text.token(for: 2003) == "is" && text.token(for: 30522) == nil && text.token(for: -1) == nil)
    }
  }

  @Test func oneTokenizerServesManyThreads() throws {
    let tokenizer = try WordPieceTokenizer(directory: SharedDirectory.bundledModel)
    let texts = (0..<200).map {
      "review \($0): Unbelievably good, naïve \u{302E}\u{1D165} 中文 \(String(repeating: "é", count: $0))"
    }
    let expected = try texts.map { try tokenizer.encode($0, maximumTokens: 64).ids }
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for (text, ids) in zip(texts, expected) {
        #expect((try? tokenizer.encode(text, maximumTokens: 64).ids) == ids)
      }
    }
  }
}
