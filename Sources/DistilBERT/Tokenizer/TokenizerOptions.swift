extension WordPieceTokenizer {
  /// What a tokeniser does apart from its vocabulary. The defaults are those of Hugging Face's uncased BERT.
  public struct Options: Sendable, Equatable {
    /// Removes control characters and makes every kind of space a space.
    public var cleanText = true
    /// Makes each CJK ideograph a word.
    public var tokenizeChineseCharacters = true
    /// Removes combining marks after canonical decomposition; `nil` follows `lowercase`.
    public var stripAccents: Bool?
    /// Maps text to lower case.
    public var lowercase = true
    /// A longer word, in code points, is unknown as a whole. 1…65,536.
    public var maximumWordCharacters = 100
    /// What a token starts with that continues a word.
    public var continuingSubwordPrefix = "##"
    /// The token of a word that the vocabulary cannot spell.
    public var unknownToken = "[UNK]"
    /// The token before every text.
    public var classifyToken = "[CLS]"
    /// The token after every text.
    public var separatorToken = "[SEP]"
    /// The token that fills up batches elsewhere; need not be in the vocabulary.
    public var paddingToken = "[PAD]"
    /// The token for a hidden word; need not be in the vocabulary.
    public var maskToken = "[MASK]"
    /// Tokens found in a text before anything else is done to it; `nil`: the five above, as far as the vocabulary has them.
    public var addedTokens: [AddedToken]?

    public init() {}

    /// The five tokens that have names here, as far as `vocabulary` has them, in the order of usual vocabularies.
    func namedTokens(in vocabulary: Vocabulary) -> [AddedToken] {
      [paddingToken, unknownToken, classifyToken, separatorToken, maskToken]
        .filter { vocabulary.id(of: $0) != nil }.map { AddedToken($0) }
    }
  }

  /// A token that is found in a text as it is written, before words are looked for.
  public struct AddedToken: Sendable, Equatable {
    public var content: String
    /// Its id; `nil`: the one that the vocabulary has for `content`.
    public var id: Int32?
    /// Whether it counts only between characters that are no letters, digits or underscores (`\w`).
    public var singleWord: Bool
    /// Whether it is looked for, itself normalised, in normalised text.
    public var normalized: Bool
    /// Whether it is looked for before those that are not special, which matters where two are the same when normalised.
    public var special: Bool

    public init(
      _ content: String, id: Int32? = nil, singleWord: Bool = false, normalized: Bool = false, special: Bool = true
    ) {
      self.content = content
      self.id = id
      self.singleWord = singleWord
      self.normalized = normalized
      self.special = special
    }
  }
}
