/// What a `tokenizer.json` of Hugging Face's `tokenizers` says: a WordPiece model and what goes with it.
struct SavedTokenizer {
  private(set) var vocabulary: Vocabulary
  private(set) var options = WordPieceTokenizer.Options()

  /// - Parameter isOptional: whether another kind of model gives `nil`, not an error.
  /// - Throws: `TokenizerError.unsupported` for every part that works unlike BERT's.
  init?(_ root: TokenizerField, isOptional: Bool) throws(TokenizerError) {
    let model = try root.required("model")
    if let type = try model.optional("type"), try type.string() != "WordPiece" {
      if isOptional { return nil }
      throw type.unsupported(supported: "WordPiece")
    }
    options.unknownToken = try model.optional("unk_token")?.string() ?? options.unknownToken
    options.continuingSubwordPrefix =
      try model.optional("continuing_subword_prefix")?.string() ?? options.continuingSubwordPrefix
    options.maximumWordCharacters =
      try model.optional("max_input_chars_per_word")?.integer() ?? options.maximumWordCharacters
    vocabulary = try Self.vocabulary(model.required("vocab"))
    try readNormalizer(root)
    let preTokenizer = try root.required("pre_tokenizer").required("type")
    guard try preTokenizer.string() == "BertPreTokenizer" else {
      throw preTokenizer.unsupported(supported: "BertPreTokenizer")
    }
    try readPostProcessor(root.required("post_processor"))

    var tokens: [WordPieceTokenizer.AddedToken] = []
    for field in try root.optional("added_tokens")?.elements() ?? [] {
      let id = try field.required("id").integer()
      guard let narrow = Int32(exactly: id) else { throw field.malformed("\(field.path).id is \(id); expected a token id") }
      tokens.append(try WordPieceTokenizer.AddedToken(field, id: narrow))
    }
    options.addedTokens = tokens
  }

  private static func vocabulary(_ field: TokenizerField) throws(TokenizerError) -> Vocabulary {
    var vocabulary = Vocabulary(file: field.file)
    for member in try field.members() {
      guard case .integer(let id) = member.value else {
        throw field.malformed(
          "\(field.path): token \(Vocabulary.quote(member.key[...])) has \(member.value.kind); expected an id")
      }
      try vocabulary.append(member.key[...], id: id)
    }
    guard vocabulary.count > 0 else { throw field.malformed("\(field.path) is empty; expected tokens with their ids") }
    return vocabulary
  }

  private mutating func readNormalizer(_ root: TokenizerField) throws(TokenizerError) {
    guard let normalizer = try root.optional("normalizer") else {
      options.cleanText = false
      options.tokenizeChineseCharacters = false
      options.stripAccents = false
      options.lowercase = false
      return
    }
    let type = try normalizer.required("type")
    guard try type.string() == "BertNormalizer" else { throw type.unsupported(supported: "BertNormalizer or null") }
    options.cleanText = try normalizer.optional("clean_text")?.bool() ?? true
    options.tokenizeChineseCharacters = try normalizer.optional("handle_chinese_chars")?.bool() ?? true
    options.stripAccents = try normalizer.optional("strip_accents")?.bool()
    options.lowercase = try normalizer.optional("lowercase")?.bool() ?? true
  }

  private mutating func readPostProcessor(_ field: TokenizerField) throws(TokenizerError) {
    let type = try field.required("type")
    switch try type.string() {
    case "BertProcessing":
      options.classifyToken = try Self.named(field.required("cls"))
      options.separatorToken = try Self.named(field.required("sep"))
    case "TemplateProcessing":
      let single = try field.required("single")
      let parts = try single.elements()
      guard parts.count == 3, try parts[1].optional("Sequence") != nil,
        let first = try parts[0].optional("SpecialToken"), let last = try parts[2].optional("SpecialToken")
      else { throw single.unsupported(supported: "a special token, the text, a special token") }
      let tokens = try field.required("special_tokens")
      options.classifyToken = try Self.templateToken(first, tokens)
      options.separatorToken = try Self.templateToken(last, tokens)
    default:
      throw type.unsupported(supported: "TemplateProcessing and BertProcessing")
    }
  }

  /// The token of `["[CLS]", 101]`.
  private static func named(_ field: TokenizerField) throws(TokenizerError) -> String {
    let pair = try field.elements()
    guard pair.count == 2 else { throw field.malformed("\(field.path): expected a token and its id") }
    return try pair[0].string()
  }

  /// The one token that a special token of a template stands for.
  private static func templateToken(
    _ field: TokenizerField, _ tokens: TokenizerField
  ) throws(TokenizerError) -> String {
    let entry = try tokens.required(field.required("id").string())
    let names = try entry.required("tokens")
    let elements = try names.elements()
    guard elements.count == 1 else { throw names.unsupported(supported: "one token") }
    return try elements[0].string()
  }
}
