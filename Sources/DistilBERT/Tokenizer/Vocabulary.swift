/// Tokens and their ids, as a file lists them: byte strings, each with an id of its own.
struct Vocabulary: Sendable {
  /// A real vocabulary has 30,000 to 250,000 tokens; more than this is a damaged file.
  static let idLimit = 1 << 22

  /// The file it comes from, for error messages.
  let file: String
  private var bytes: [UInt8] = []
  private var ends: [Int] = [0]
  private var ids: [Int32] = []
  /// By id: the index of its token, or -1 where the vocabulary has a gap.
  private var indexOfID: [Int32] = []
  /// The tokens that words are spelled with, which are the first `spelling` ones; added tokens come after them.
  private var table: TokenTable?
  private var spelling = 0
  private var addedIDs: [[UInt8]: Int32] = [:]

  init(file: String) { self.file = file }

  /// How many tokens there are.
  var count: Int { ids.count }
  /// The highest id plus one: how many rows of an embedding table the ids reach.
  var idCount: Int { indexOfID.count }

  /// Adds a token. An empty one only uses up its id, since no text can be spelled with it.
  ///
  /// - Throws: `TokenizerError.invalidVocabulary` where the id is out of range or taken.
  mutating func append(_ token: ArraySlice<UInt8>, id: Int) throws(TokenizerError) {
    guard id >= 0, id < Self.idLimit else {
      throw .invalidVocabulary(
        file: file, reason: "token \(Self.quote(token)) has id \(id); expected an id from 0 to \(Self.idLimit - 1)")
    }
    while indexOfID.count <= id { indexOfID.append(-1) }
    guard indexOfID[id] < 0 else {
      let other = self.token(at: Int(indexOfID[id]))
      throw .invalidVocabulary(
        file: file, reason: "id \(id) belongs to two tokens, \(Self.quote(other)) and \(Self.quote(token))")
    }
    indexOfID[id] = Int32(ids.count)
    ids.append(Int32(id))
    bytes.append(contentsOf: token)
    ends.append(bytes.count)
  }

  /// Makes tokens findable, after the last that words are spelled with was appended.
  ///
  /// - Throws: `TokenizerError.invalidVocabulary` where a token occurs twice.
  mutating func index() throws(TokenizerError) {
    var table = TokenTable(capacity: count)
    for index in 0..<count where !token(at: index).isEmpty {
      if let other = table.insert(token(at: index), id: ids[index]) {
        let name = Self.quote(token(at: index))
        throw .invalidVocabulary(file: file, reason: "token \(name) occurs twice, with ids \(other) and \(ids[index])")
      }
    }
    self.table = table
    spelling = count
  }

  /// Takes in added tokens, once indexed, and gives each the id that the reference gives it: the vocabulary's, or the next
  /// free one after the vocabulary and the added tokens before it.
  ///
  /// - Throws: `TokenizerError.invalidVocabulary` where a token asks for another id, `.unsupported` where it is too long.
  mutating func adopt(
    _ tokens: [WordPieceTokenizer.AddedToken]
  ) throws(TokenizerError) -> [WordPieceTokenizer.AddedToken] {
    var adopted: [WordPieceTokenizer.AddedToken] = []
    var highest = -1
    for var token in tokens where !token.content.isEmpty {
      let bytes = Array(token.content.utf8)
      guard bytes.count <= AddedTokenMatcher.longest else {
        throw .unsupported(
          file: file, what: "the length of added token \(Self.quote(bytes[...]))", found: "\(bytes.count) bytes",
          supported: "up to \(AddedTokenMatcher.longest)")
      }
      let known = id(of: token.content)
      let id = known.map(Int.init) ?? (highest >= spelling ? highest + 1 : spelling)
      if let requested = token.id, Int(requested) != id {
        throw .invalidVocabulary(
          file: file,
          reason: "added token \(Self.quote(bytes[...])) has id \(requested); expected \(id), "
            + (known == nil ? "the next free one" : "as in the vocabulary"))
      }
      if known == nil { try append(bytes[...], id: id) }
      token.id = Int32(id)
      addedIDs[bytes] = Int32(id)
      highest = max(highest, id)
      adopted.append(token)
    }
    return adopted
  }

  /// The first tokens, for display, that differ from those of a vocabulary as large, both in the order of their ids; `nil` where
  /// there are none. Gaps between ids do not count, since `vocab.txt` cannot have them, nor does white space at a token's end,
  /// which readers of `vocab.txt` drop.
  func firstDifference(from other: Vocabulary) -> (String, String)? {
    func trimmed(_ token: ArraySlice<UInt8>) -> String.UnicodeScalarView.SubSequence {
      var scalars = String(decoding: token, as: UTF8.self).unicodeScalars[...]
      while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
      return scalars
    }
    for (own, others) in zip(indexOfID.lazy.filter { $0 >= 0 }, other.indexOfID.lazy.filter { $0 >= 0 }) {
      let (first, second) = (token(at: Int(own)), other.token(at: Int(others)))
      if first != second, !trimmed(first).elementsEqual(trimmed(second)) { return (Self.quote(first), Self.quote(second)) }
    }
    return nil
  }

  /// The id of `token`, once indexed.
  func id(of token: String) -> Int32? {
    let bytes = Array(token.utf8)
    return addedIDs[bytes] ?? table?.id(of: bytes.span, 0..<bytes.count)
  }

  /// The id of a token that must be there.
  func required(_ token: String, role: String) throws(TokenizerError) -> Int32 {
    guard let id = id(of: token) else {
      throw .invalidVocabulary(
        file: file, reason: "token \(Self.quote(Array(token.utf8)[...])), which \(role), is missing from the vocabulary")
    }
    return id
  }

  func token(for id: Int32) -> String? {
    guard id >= 0, id < indexOfID.count, indexOfID[Int(id)] >= 0 else { return nil }
    return String(decoding: token(at: Int(indexOfID[Int(id)])), as: UTF8.self)
  }

  /// The tokens that start a word, and those that continue one, without their prefix.
  func tables(prefix: String) -> (words: TokenTable, continuations: TokenTable) {
    let words = table ?? TokenTable(capacity: 0)
    let prefix = Array(prefix.utf8)
    if prefix.isEmpty { return (words, words) }
    let continuing = (0..<spelling).filter { token(at: $0).count > prefix.count && token(at: $0).starts(with: prefix) }
    var continuations = TokenTable(capacity: continuing.count)
    for index in continuing { _ = continuations.insert(token(at: index).dropFirst(prefix.count), id: ids[index]) }
    return (words, continuations)
  }

  private func token(at index: Int) -> ArraySlice<UInt8> { bytes[ends[index]..<ends[index + 1]] }

  /// A token for an error message: short, and printable whatever it holds.
  static func quote(_ token: ArraySlice<UInt8>) -> String {
    let text = String(decoding: token.prefix(60), as: UTF8.self)
    return "\"" + text.unicodeScalars.map { $0.properties.isWhitespace ? " " : $0.escaped(asASCII: false) }.joined()
      + (token.count > 60 ? "…\"" : "\"")
  }
}
