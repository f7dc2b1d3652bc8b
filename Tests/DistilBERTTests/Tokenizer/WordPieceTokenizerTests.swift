import Testing

@testable import DistilBERT

@Suite struct WordPieceTokenizerTests {
  private func tokenizer(_ change: (inout WordPieceTokenizer.Options) -> Void = { _ in }) throws -> WordPieceTokenizer {
    var options = WordPieceTokenizer.Options()
    change(&options)
    return try WordPieceTokenizer(vocabulary: tinyVocabulary, options: options)
  }

  // MARK: - Options

  @Test func lowercaseAndAccents() throws {
    #expect(try tokenizer().tokens("A É e\u{301}") == ["a", "e", "e"])
    #expect(try tokenizer { $0.stripAccents = false }.tokens("A É İ") == ["a", "é", "i", "##\u{307}"])
    #expect(try tokenizer { $0.lowercase = false }.tokens("A é e\u{301}") == ["A", "é", "[UNK]"])
    let stripped = try tokenizer {
      $0.lowercase = false
      $0.stripAccents = true
    }
    #expect(try stripped.tokens("A Á é É") == ["A", "A", "e", "[UNK]"])
  }

  @Test func ideographs() throws {
    #expect(try tokenizer().tokens("a中文b") == ["a", "中", "文", "b"])
    #expect(try tokenizer { $0.tokenizeChineseCharacters = false }.tokens("中文 中a") == ["中文", "中", "##a"])
  }

  @Test func controlCharacters() throws {
    #expect(try tokenizer().tokens("a\u{0}b \u{FFFD}a\u{200D}b") == ["ab", "ab"])
    #expect(try tokenizer { $0.cleanText = false }.tokens("a\u{0}b") == ["[UNK]"])
  }

  @Test func longWordsAreUnknown() throws {
    #expect(try tokenizer().tokens(String(repeating: "a", count: 100)).count == 100)
    #expect(try tokenizer().tokens(String(repeating: "a", count: 101)) == ["[UNK]"])
    #expect(try tokenizer().tokens(String(repeating: "e\u{301}", count: 100)).count == 100)
    #expect(try tokenizer { $0.maximumWordCharacters = 2 }.tokens("ab aab") == ["ab", "[UNK]"])
  }

  @Test func continuationPrefix() throws {
    let vocabulary = ["[UNK]", "[CLS]", "[SEP]", "a", "@@b", "b"]
    var options = WordPieceTokenizer.Options()
    options.continuingSubwordPrefix = "@@"
    #expect(try WordPieceTokenizer(vocabulary: vocabulary, options: options).tokens("ab ba") == ["a", "@@b", "[UNK]"])
    options.continuingSubwordPrefix = ""
    #expect(try WordPieceTokenizer(vocabulary: vocabulary, options: options).tokens("ab ba") == ["a", "b", "b", "a"])
  }

  @Test func canonicallyEquivalentTokensAreDifferent() throws {
    var options = WordPieceTokenizer.Options()
    options.stripAccents = false
    let tokenizer = try WordPieceTokenizer(vocabulary: ["[UNK]", "[CLS]", "[SEP]", "é", "e\u{301}"], options: options)
    #expect(try tokenizer.encode("é e\u{301}", maximumTokens: 9).ids == [1, 3, 4, 2])
  }

  @Test func marksThatStayAreReordered() throws {
    // U+1D165 has combining class 216, U+302E 224, U+FE0F 0: it is stripped, but nothing moves across it.
    let vocabulary = ["[UNK]", "[CLS]", "[SEP]", "a", "##\u{302E}", "##\u{1D165}"]
    let tokenizer = try WordPieceTokenizer(vocabulary: vocabulary)
    #expect(try tokenizer.encode("a\u{302E}\u{301}\u{1D165}", maximumTokens: 9).ids == [1, 3, 5, 4, 2])
    #expect(try tokenizer.encode("a\u{302E}\u{FE0F}\u{1D165}", maximumTokens: 9).ids == [1, 3, 4, 5, 2])
  }

  // MARK: - Added tokens

  @Test func specialTokensInText() throws {
    let tokenizer = try tokenizer()
    #expect(try tokenizer.tokens("a[SEP]b [MASK][MASK]") == ["a", "[SEP]", "b", "[MASK]", "[MASK]"])
    #expect(try tokenizer.tokens("[[PAD]]") == ["[", "[PAD]", "]"])
    #expect(try tokenizer.tokens("[sep]") == ["[", "[UNK]", "]"])
    // Reordering and words end at them.
    #expect(try tokenizer.tokens("a[UNK]a") == ["a", "[UNK]", "a"])
  }

  @Test func addedTokensOfEveryKind() throws {
    let tokenizer = try tokenizer {
      $0.addedTokens = [
        .init("[MASK]"), .init("a_b", singleWord: true), .init("New Word", normalized: true, special: false), .init("aab"),
        .init("aa"), .init("中b", singleWord: true, normalized: true),
      ]
    }
    #expect(tokenizer.vocabularyCount == tinyVocabulary.count + 5)
    #expect(tokenizer.token(for: Int32(tinyVocabulary.count)) == "a_b")
    #expect(try tokenizer.tokens("a_b!a_b") == ["a_b", "!", "a_b"])
    #expect(try tokenizer.tokens("a_ba") == ["a", "_", "b", "##a"])
    #expect(try tokenizer.tokens("bNEW Word new word") == ["b", "New Word", "New Word"])
    #expect(try tokenizer.tokens("aabaaa") == ["aab", "aa", "a"])
    #expect(try tokenizer.tokens("[mask]") == ["[", "[UNK]", "]"])
  }

  // MARK: - Truncation

  @Test func truncation() throws {
    let tokenizer = try tokenizer()
    var ids: [Int32] = [7]
    for (maximum, tokens, truncated) in [
      (2, 2, true), (3, 3, true), (4, 4, true), (5, 5, false), (6, 5, false), (Int.max, 5, false),
    ] {
      let encoding = try tokenizer.encode("a !\u{301} b ".utf8.span, maximumTokens: maximum, appendingTo: &ids)
      #expect(encoding == .init(tokens: tokens, truncated: truncated), "at most \(maximum)")
    }
    #expect(ids.starts(with: [7, 2, 3, 2, 5, 3, 2, 5, 17, 3]))
    #expect(try tokenizer.encode("  \u{0}", maximumTokens: 2) == ([2, 3], .init(tokens: 2, truncated: false)))
    // The word beyond the limit is unknown as a whole, which only its last letter tells.
    #expect(try tokenizer.encode("abababx", maximumTokens: 4) == ([2, 1, 3], .init(tokens: 3, truncated: false)))
    #expect(try tokenizer.encode("ababab", maximumTokens: 4) == ([2, 9, 6, 3], .init(tokens: 4, truncated: true)))
    #expect(try tokenizer.encode("a[SEP]", maximumTokens: 3) == ([2, 5, 3], .init(tokens: 3, truncated: true)))
    for maximum in [1, 0, -1, Int.min] {
      #expect(throws: TokenizerError.maximumTokensTooSmall(maximum)) { try tokenizer.encode("a", maximumTokens: maximum) }
    }
  }

  // MARK: - Hostile text

  @Test(
    arguments: [
      ([0x80], 0), ([0x61, 0xFF], 1), ([0x61, 0xC3], 1), ([0x61, 0x62, 0xE2, 0x82], 2), ([0xED, 0xA0, 0x80], 0),
      ([0xF4, 0x90, 0x80, 0x80], 0), ([0xC0, 0xAF], 0), ([0x61, 0xF0, 0x9F, 0x98, 0x20], 1),
      ([0x61, 0x20, 0x62, 0x20, 0x62, 0xBF], 5),
    ] as [([UInt8], Int)])
  func textThatIsNotUTF8(text: [UInt8], offset: Int) throws {
    let tokenizer = try tokenizer()
    var ids: [Int32] = [42]
    #expect(throws: TokenizerError.invalidUTF8(byteOffset: offset)) {
      // Found also where the tokens are full before it.
      try tokenizer.encode(text.span, maximumTokens: 3, appendingTo: &ids)
    }
    #expect(ids == [42])
  }

  @Test func textWithoutEnd() throws {
    let tokenizer = try tokenizer()
    let megabyte = 1 << 20
    let unknown: [Int32] = [2, 1, 3]
    #expect(try tokenizer.encode(String(repeating: "a", count: megabyte), maximumTokens: 512).ids == unknown)
    #expect(try tokenizer.encode(String(repeating: "\u{302E}\u{1D165}", count: megabyte / 8), maximumTokens: 512).ids == unknown)
    #expect(try tokenizer.encode(String(repeating: "\u{301}", count: megabyte / 2), maximumTokens: 512).ids == [2, 3])
    #expect(try tokenizer.encode(String(repeating: " ", count: megabyte), maximumTokens: 512).ids == [2, 3])
    let brackets = try tokenizer.encode(String(repeating: "[", count: megabyte), maximumTokens: 512)
    #expect(brackets.encoding == .init(tokens: 512, truncated: true))
  }
}
