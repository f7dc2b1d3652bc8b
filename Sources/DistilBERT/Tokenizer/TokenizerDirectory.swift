import Foundation

extension WordPieceTokenizer {
  /// The tokeniser of a Hugging Face model directory.
  ///
  /// `tokenizer.json` is the source where it is there and holds a WordPiece model; otherwise `vocab.txt` is. Where both are
  /// there, they must have the same tokens in the same order. Truncation and padding in `tokenizer.json` are not the tokeniser's
  /// business and are ignored, but for truncation on the left, which is refused: this tokeniser cuts on the right.
  ///
  /// `do_lower_case`, `strip_accents` and `tokenize_chinese_chars` are in `tokenizer_config.json` and in the normaliser of
  /// `tokenizer.json`, and agree in every directory that a tool has saved. Where one of the two was edited by hand, the value
  /// that is not the default (`true`, `null`, `true`) counts, since nobody writes it by accident.
  ///
  /// - Throws: `TokenizerError`, which names the file, what was found in it and what was expected.
  public init(directory: URL) throws(TokenizerError) {
    var isDirectory: ObjCBool = false
    if FileManager.default.fileExists(atPath: directory.path, isDirectory: &isDirectory), !isDirectory.boolValue {
      throw .unreadableFile(file: directory.path, reason: "a directory is expected, this is a file")
    }
    let config = try TokenizerConfig(directory)
    var vocabulary = try TokenizerDirectory.vocabularyText(directory)
    var options = Options()
    if let file = try TokenizerFile("tokenizer.json", in: directory, limit: TokenizerDirectory.sizeLimit) {
      let root = try TokenizerField(file)
      if let saved = try SavedTokenizer(root, isOptional: vocabulary != nil) {
        if let text = vocabulary, text.count != saved.vocabulary.count {
          throw .conflictingFiles(
            "\(file.name) has \(saved.vocabulary.count) tokens and \(text.file) has \(text.count); expected equally many")
        }
        if let text = vocabulary, let (first, second) = saved.vocabulary.firstDifference(from: text) {
          throw .conflictingFiles(
            "\(file.name) has the token \(first) where \(text.file) has \(second); expected the same tokens in the same order")
        }
        if !config.hasTruncationSide { try root.refuseLeftTruncation() }
        vocabulary = saved.vocabulary
        options = saved.options
      }
    }
    guard var vocabulary else {
      throw .unreadableFile(file: directory.path, reason: "has no vocabulary; expected tokenizer.json or vocab.txt in it")
    }
    try vocabulary.index()
    try config.apply(to: &options, vocabulary, directory)
    try self.init(vocabulary, options: options, maximumLength: config.maximumLength)
  }
}

enum TokenizerDirectory {
  /// Ten times what the largest WordPiece vocabularies need.
  static let sizeLimit = 32 << 20

  /// `vocab.txt`: a token a line, whose number, from 0, is its id. `nil` where there is none.
  static func vocabularyText(_ directory: URL) throws(TokenizerError) -> Vocabulary? {
    guard let file = try TokenizerFile("vocab.txt", in: directory, limit: sizeLimit) else { return nil }
    var vocabulary = Vocabulary(file: file.name)
    var start = 0
    while start < file.bytes.count {
      let end = file.bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? file.bytes.count
      let line = file.bytes[start..<end]
      try vocabulary.append(line.last == UInt8(ascii: "\r") ? line.dropLast() : line, id: vocabulary.count)
      start = end + 1
    }
    guard vocabulary.count > 0 else {
      throw .malformedFile(file: file.name, offset: 0, reason: "is empty; expected a token on each line")
    }
    return vocabulary
  }
}

/// What `tokenizer_config.json` says, where there is one.
struct TokenizerConfig {
  /// `model_max_length`, where it is a limit.
  private(set) var maximumLength: Int?
  /// Whether it says at which end texts are cut, in place of `tokenizer.json`.
  private(set) var hasTruncationSide = false
  private var lowercase: Bool?
  private var stripAccents: Bool?
  private var chinese: Bool?
  private var tokens: [String: String] = [:]
  private var addedTokens: [WordPieceTokenizer.AddedToken] = []

  init(_ directory: URL) throws(TokenizerError) {
    guard let file = try TokenizerFile("tokenizer_config.json", in: directory, limit: TokenizerDirectory.sizeLimit) else {
      return
    }
    let root = try TokenizerField(file)
    try Self.checkClass(root)
    maximumLength = try Self.maximumLength(root)
    if let side = try root.optional("truncation_side") {
      guard try side.string() == "right" else { throw side.unsupported(supported: "right") }
      hasTruncationSide = true
    }
    lowercase = try root.optional("do_lower_case")?.bool()
    stripAccents = try root.optional("strip_accents")?.bool()
    chinese = try root.optional("tokenize_chinese_chars")?.bool()
    for key in ["unk_token", "cls_token", "sep_token", "pad_token", "mask_token"] {
      if let token = try root.optional(key)?.token() { tokens[key] = token }
    }
    guard let decoder = try root.optional("added_tokens_decoder") else { return }
    for member in try decoder.members() {
      let field = decoder.child(member.name, member.value)
      guard let id = Int32(member.name) else { throw field.malformed("\(field.path): expected a token id as the key") }
      addedTokens.append(try WordPieceTokenizer.AddedToken(field, id: id))
    }
    addedTokens.sort { ($0.id ?? 0) < ($1.id ?? 0) }
  }

  /// Classes of `transformers` that cut and spell as BERT's does, less the endings `Fast` and `Legacy`, and the general ones,
  /// which do what `tokenizer.json` says.
  private static let classes = [
    "DistilBertTokenizer", "BertTokenizer", "ConvBertTokenizer", "ElectraTokenizer", "LayoutLMTokenizer", "LxmertTokenizer",
    "MobileBertTokenizer", "RetriBertTokenizer", "SqueezeBertTokenizer", "PreTrainedTokenizer", "TokenizersBackend",
  ]

  private static func checkClass(_ root: TokenizerField) throws(TokenizerError) {
    guard let field = try root.optional("tokenizer_class") else { return }
    var name = try field.string()
    for ending in ["Fast", "Legacy"] where name.hasSuffix(ending) { name.removeLast(ending.count) }
    guard classes.contains(name) else { throw field.unsupported(supported: "DistilBertTokenizer, BertTokenizer and their like") }
  }

  /// Where there is no limit, `transformers` writes the integer nearest to 1e30.
  private static func maximumLength(_ root: TokenizerField) throws(TokenizerError) -> Int? {
    guard let field = try root.optional("model_max_length") else { return nil }
    if case .number = field.value { return nil }
    let length = try field.integer()
    return length >= 2 ? length : nil
  }

  /// Completes `options`, whose `addedTokens` are `nil` unless they come from `tokenizer.json`.
  func apply(
    to options: inout WordPieceTokenizer.Options, _ vocabulary: Vocabulary, _ directory: URL
  ) throws(TokenizerError) {
    options.lowercase = options.lowercase && lowercase ?? true
    options.tokenizeChineseCharacters = options.tokenizeChineseCharacters && chinese ?? true
    if let mine = stripAccents, let other = options.stripAccents, mine != other {
      throw .conflictingFiles(
        "\(directory.path): strip_accents is \(mine) in tokenizer_config.json and \(other) in tokenizer.json; "
          + "expected the same or null")
    }
    options.stripAccents = options.stripAccents ?? stripAccents
    options.paddingToken = tokens["pad_token"] ?? options.paddingToken
    options.maskToken = tokens["mask_token"] ?? options.maskToken
    if options.addedTokens != nil { return }

    options.unknownToken = tokens["unk_token"] ?? options.unknownToken
    options.classifyToken = tokens["cls_token"] ?? options.classifyToken
    options.separatorToken = tokens["sep_token"] ?? options.separatorToken
    if !addedTokens.isEmpty {
      let others = options.namedTokens(in: vocabulary).filter { named in !addedTokens.contains { $0.content == named.content } }
      options.addedTokens = addedTokens + others
    } else if try TokenizerFile("added_tokens.json", in: directory, limit: TokenizerDirectory.sizeLimit) != nil {
      throw .unsupported(
        file: directory.path, what: "added_tokens.json", found: "there without tokenizer.json",
        supported: "tokenizer.json, or added_tokens_decoder in tokenizer_config.json")
    }
  }
}

extension TokenizerField {
  /// Refuses a `tokenizer.json` that cuts texts at their start.
  fileprivate func refuseLeftTruncation() throws(TokenizerError) {
    guard let direction = try optional("truncation")?.optional("direction") else { return }
    guard try direction.string() == "Right" else { throw direction.unsupported(supported: "Right") }
  }
}

extension WordPieceTokenizer.AddedToken {
  /// `lstrip` and `rstrip`, which widen a match over white space, need nothing: white space has no tokens.
  init(_ field: TokenizerField, id: Int32) throws(TokenizerError) {
    let special = try field.optional("special")?.bool() ?? false
    self.init(
      try field.required("content").string(), id: id,
      singleWord: try field.optional("single_word")?.bool() ?? false,
      normalized: try field.optional("normalized")?.bool() ?? !special,
      special: special)
  }
}
