/// Turns text into the token ids of a BERT vocabulary, exactly as Hugging Face's `tokenizers` does on every input.
///
/// The steps are the reference's: added tokens such as `[MASK]` are cut out; what is between them is normalised
/// (`Normalizer`), cut into words and spelled (`Speller`); `[CLS]` and `[SEP]` enclose the result. Texts are UTF-8 bytes from
/// end to end.
///
/// A tokeniser never changes once made: any number of threads may use one at the same time.
public struct WordPieceTokenizer: Sendable {
  /// The highest token id plus one: a model's embedding table needs at least as many rows.
  public let vocabularyCount: Int
  /// The id of `[CLS]`, which starts every encoding.
  public let clsID: Int32
  /// The id of `[SEP]`, which ends every encoding.
  public let sepID: Int32
  /// The id of `[UNK]`, which stands for a word that the vocabulary cannot spell.
  public let unkID: Int32
  /// The id of `[MASK]`, if the vocabulary has it.
  public let maskID: Int32?
  /// The id of `[PAD]`, if the vocabulary has it.
  public let padID: Int32?
  /// The most tokens, `[CLS]` and `[SEP]` included, that the tokeniser's files say a model reads (`model_max_length`), 2 or more;
  /// `nil` where they do not say. The caller's to observe: `encode` cuts where it is told to.
  public let maximumLength: Int?
  /// What it was made with; `addedTokens` are never `nil`.
  public let options: Options

  private let vocabulary: Vocabulary
  private let model: WordPiece
  private let normalizer: Normalizer
  private let rawTokens: AddedTokenMatcher
  private let normalizedTokens: AddedTokenMatcher

  /// How many ids an encoding has.
  public struct Encoding: Sendable, Equatable {
    /// The ids appended, `[CLS]` and `[SEP]` among them.
    public var tokens: Int
    /// Whether the text has more tokens than were allowed.
    public var truncated: Bool
  }

  /// A tokeniser of the tokens in `vocabulary`, whose ids are their positions.
  ///
  /// - Throws: `TokenizerError.invalidVocabulary` where a token occurs twice or one of `[CLS]`, `[SEP]` and `[UNK]` is
  ///   missing; `TokenizerError.unsupported` where an option is out of range or an added token too long.
  public init(vocabulary: [String], options: Options = Options()) throws(TokenizerError) {
    var tokens = Vocabulary(file: "vocabulary")
    for (id, token) in vocabulary.enumerated() { try tokens.append(Array(token.utf8)[...], id: id) }
    try tokens.index()
    try self.init(tokens, options: options)
  }

  /// - Parameter vocabulary: indexed.
  init(_ vocabulary: Vocabulary, options: Options, maximumLength: Int? = nil) throws(TokenizerError) {
    guard (1...65_536).contains(options.maximumWordCharacters) else {
      throw .unsupported(
        file: vocabulary.file, what: "max_input_chars_per_word", found: "\(options.maximumWordCharacters)",
        supported: "1 to 65,536")
    }
    var vocabulary = vocabulary
    var options = options
    let added = try vocabulary.adopt(options.addedTokens ?? options.namedTokens(in: vocabulary))
    options.addedTokens = added

    clsID = try vocabulary.required(options.classifyToken, role: "starts every text")
    sepID = try vocabulary.required(options.separatorToken, role: "ends every text")
    unkID = try vocabulary.required(options.unknownToken, role: "stands for unknown words")
    maskID = vocabulary.id(of: options.maskToken)
    padID = vocabulary.id(of: options.paddingToken)
    vocabularyCount = vocabulary.idCount
    model = WordPiece(
      vocabulary: vocabulary, prefix: options.continuingSubwordPrefix, unknownID: unkID,
      maximumWordCharacters: options.maximumWordCharacters)
    let normalizer = Normalizer(
      cleanText: options.cleanText, separateChinese: options.tokenizeChineseCharacters,
      stripAccents: options.stripAccents ?? options.lowercase, lowercase: options.lowercase)

    var raw = AddedTokenMatcher(capacity: added.count)
    var normalized = AddedTokenMatcher(capacity: added.count)
    for token in added.filter({ $0.special }) + added.filter({ !$0.special }) {
      guard let id = token.id else { continue }
      let bytes = Array(token.content.utf8)
      if token.normalized {
        var text = NormalizedText()
        normalizer.normalize(bytes.span, 0..<bytes.count, into: &text)
        normalized.insert(text.bytes[...], id: id, singleWord: token.singleWord)
      } else {
        raw.insert(bytes[...], id: id, singleWord: token.singleWord)
      }
    }
    self.normalizer = normalizer
    self.vocabulary = vocabulary
    self.maximumLength = maximumLength
    self.options = options
    rawTokens = raw
    normalizedTokens = normalized
  }

  /// The token with an id, for display; `nil` where the vocabulary has none.
  public func token(for id: Int32) -> String? { vocabulary.token(for: id) }

  /// Appends the ids of a text: `[CLS]`, its tokens, `[SEP]`; where they are more than `maximumTokens`, the last tokens of the
  /// text are left out.
  ///
  /// Time grows with the length of the text and memory does not, but for `ids`.
  ///
  /// - Parameters:
  ///   - text: UTF-8 of any length.
  ///   - maximumTokens: 2 or more, `[CLS]` and `[SEP]` included.
  ///   - ids: left as it is where an error is thrown.
  /// - Throws: `TokenizerError.invalidUTF8`, wherever in the text it is, also past the tokens that are kept;
  ///   `TokenizerError.maximumTokensTooSmall`.
  public func encode(
    _ text: Span<UInt8>, maximumTokens: Int, appendingTo ids: inout [Int32]
  ) throws(TokenizerError) -> Encoding {
    guard maximumTokens >= 2 else { throw .maximumTokensTooSmall(maximumTokens) }
    do throws(UTF8.ValidationError) {
      _ = try UTF8Span(validating: text)
    } catch {
      throw .invalidUTF8(byteOffset: error.byteOffsets.lowerBound)
    }
    let before = ids.count
    ids.append(clsID)
    let truncated = spell(text, into: &ids, limit: maximumTokens - 2)
    ids.append(sepID)
    return Encoding(tokens: ids.count - before, truncated: truncated)
  }

  /// The ids of a text, as `encode(_:maximumTokens:appendingTo:)` appends them.
  public func encode(_ text: String, maximumTokens: Int) throws(TokenizerError) -> (ids: [Int32], encoding: Encoding) {
    var ids: [Int32] = []
    var text = text
    text.makeContiguousUTF8()
    let encoding = try encode(text.utf8.span, maximumTokens: maximumTokens, appendingTo: &ids)
    return (ids, encoding)
  }

  /// Appends at most `limit` ids, and answers whether the text has more.
  private func spell(_ text: Span<UInt8>, into ids: inout [Int32], limit: Int) -> Bool {
    model.withScratch { scratch in
      var speller = Speller(model, scratch: scratch, taking: &ids, limit: limit)
      rawTokens.split(text) { between, id in
        spell(text, between, &speller)
        if let id, !speller.isFull { speller.append(id: id) }
        return !speller.isFull
      }
      let truncated = speller.isFull
      speller.finish(into: &ids)
      return truncated
    }
  }

  private func spell(_ text: Span<UInt8>, _ range: Range<Int>, _ speller: inout Speller) {
    if normalizedTokens.isEmpty {
      normalizer.normalize(text, range, into: &speller)
      speller.endWord()
      return
    }
    // Tokens to be found in normalised text need it whole.
    var normalized = NormalizedText()
    normalizer.normalize(text, range, into: &normalized)
    let bytes = normalized.bytes.span
    normalizedTokens.split(bytes) { between, id in
      Normalizer.identity.normalize(bytes, between, into: &speller)
      speller.endWord()
      if let id, !speller.isFull { speller.append(id: id) }
      return !speller.isFull
    }
  }
}
