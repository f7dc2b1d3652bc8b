/// The reference's WordPiece model: spells a word with the longest tokens of the vocabulary, from left to right
/// (Wu et al., "Google's Neural Machine Translation System", 2016).
final class WordPiece: Sendable {
  fileprivate let words: TokenTable
  fileprivate let continuations: TokenTable
  fileprivate let unknownID: Int32
  fileprivate let maximumWordCharacters: Int

  init(vocabulary: Vocabulary, prefix: String, unknownID: Int32, maximumWordCharacters: Int) {
    (words, continuations) = vocabulary.tables(prefix: prefix)
    self.unknownID = unknownID
    self.maximumWordCharacters = maximumWordCharacters
  }

  /// Calls `body` with the memory that a `Speller` works in: under a kilobyte of stack with usual vocabularies.
  func withScratch<R>(_ body: (Speller.Scratch) throws -> R) rethrows -> R {
    let wordBytes = 4 * maximumWordCharacters
    let hashes = min(wordBytes, max(words.longest, continuations.longest))
    return try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: wordBytes) { word in
      try withUnsafeTemporaryAllocation(of: UInt64.self, capacity: hashes) { hashes in
        try body(Speller.Scratch(word: word, hashes: hashes))
      }
    }
  }
}

/// The reference's `BertPreTokenizer` and WordPiece on normalised text: cuts it into words and spells each.
///
/// Takes tokens as long as there are no more than `limit`, and is full when there would be one more.
struct Speller: NormalizedTextSink {
  /// Memory of one `withScratch` call, valid until it returns; only the one speller made there touches it.
  struct Scratch {
    fileprivate let word: UnsafeMutableBufferPointer<UInt8>
    fileprivate let hashes: UnsafeMutableBufferPointer<UInt64>
  }

  private let model: WordPiece
  private let scratch: Scratch
  private let first: Int
  private let limit: Int
  private var length = 0
  private var characters = 0
  private var ids: [Int32]
  /// Whether the text has more tokens than `limit`.
  private(set) var isFull = false

  /// - Parameter ids: taken, so that appending never copies it, and left empty until `finish(into:)`.
  init(_ model: WordPiece, scratch: Scratch, taking ids: inout [Int32], limit: Int) {
    self.model = model
    self.scratch = scratch
    self.limit = limit
    first = ids.count
    self.ids = []
    swap(&self.ids, &ids)
  }

  /// Gives back the ids taken, with those of the text after them.
  consuming func finish(into ids: inout [Int32]) { swap(&self.ids, &ids) }

  @inline(__always) mutating func appendASCIILetter(_ byte: UInt8) {
    characters &+= 1
    guard characters <= model.maximumWordCharacters else { return }
    scratch.word[length] = byte
    length &+= 1
  }

  mutating func appendASCIIPunctuation(_ byte: UInt8) {
    endWord()
    appendASCIILetter(byte)
    endWord()
  }

  mutating func appendSpace(_ byte: UInt8) { endWord() }

  mutating func append(_ scalar: UInt32, _ flags: UnicodeProperties.Flags) {
    if flags.contains(.whitespace) { return endWord() }
    let isPunctuation = flags.contains(.punctuation)
    if isPunctuation { endWord() }
    characters &+= 1
    if characters <= model.maximumWordCharacters {
      let encoded = UTF8Scalars.encode(scalar)
      for index in 0..<encoded.count { scratch.word[length &+ index] = encoded.bytes[index] }
      length &+= encoded.count
    }
    if isPunctuation { endWord() }
  }

  /// Appends a token that was found as a whole, between words.
  mutating func append(id: Int32) {
    ids.append(id)
    stopAtLimit()
  }

  /// Ends the word that has been gathered, if there is one. To be called after the last piece of a text, too.
  mutating func endWord() {
    if characters == 0 { return }
    let fits = characters <= model.maximumWordCharacters
    if isFull || !fits || !spell() {
      if !isFull { ids.append(model.unknownID) }
    }
    length = 0
    characters = 0
    stopAtLimit()
  }

  /// Appends the tokens of the word; or, where it cannot be spelled to its end, appends nothing.
  private mutating func spell() -> Bool {
    let before = ids.count
    let word = UnsafeBufferPointer(rebasing: scratch.word[..<length]).span
    var start = 0
    while start < length {
      let table = start == 0 ? model.words : model.continuations
      guard let piece = table.longestPrefix(of: word, from: start, to: length, hashes: scratch.hashes) else {
        ids.removeLast(ids.count - before)
        return false
      }
      ids.append(piece.id)
      start += piece.length
    }
    return true
  }

  private mutating func stopAtLimit() {
    // A word is spelled to its end before tokens are counted: its last piece may make all of it unknown.
    guard ids.count - first > limit else { return }
    ids.removeLast(ids.count - first - limit)
    isFull = true
  }
}
