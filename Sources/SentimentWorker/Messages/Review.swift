/// A message that can be labelled.
struct Review: Sendable, Equatable {
  let text: ReviewText
  /// Where the enrichment goes in the message's value; nil if none was asked for.
  let splice: SplicePoint?
}

/// A review's text, in place within the message's value wherever its bytes are there as they are.
enum ReviewText: Sendable, Equatable {
  /// These bytes of the value.
  case inPlace(Range<Int>)
  /// The text of a JSON string with escapes, undone.
  case decoded([UInt8])

  /// Length in bytes.
  var byteCount: Int {
    switch self {
    case .inPlace(let range): range.count
    case .decoded(let bytes): bytes.count
    }
  }

  /// Gives `body` the text in UTF-8.
  /// - Parameter value: the value that the text was decoded from.
  func withUTF8<R, E: Error>(in value: Span<UInt8>, _ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
    switch self {
    case .inPlace(let range): try body(value.extracting(range))
    case .decoded(let bytes): try body(bytes.span)
    }
  }
}

/// Where a member is added to a JSON object, in bytes from the document's first.
enum SplicePoint: Sendable, Equatable {
  /// Behind the last member.
  case insert(at: Int, afterMember: Bool)
  /// In place of a value that this program wrote before.
  case replace(Range<Int>)
}

/// Whether bytes are blank: none, or only characters with Unicode's White_Space property.
enum BlankText {
  /// - Parameter text: UTF-8.
  static func isBlank(_ text: Span<UInt8>) -> Bool {
    var offset = 0
    while offset < text.count {
      let length = whitespaceLength(text, at: offset)
      if length == 0 { return false }
      offset += length
    }
    return true
  }

  /// The length in bytes of the white space character at `offset`; 0 if another one is there.
  private static func whitespaceLength(_ text: Span<UInt8>, at offset: Int) -> Int {
    func byte(_ distance: Int) -> UInt8 { offset + distance < text.count ? text[offset + distance] : 0 }
    switch byte(0) {
    case 0x09...0x0D, 0x20: return 1
    // U+0085, U+00A0
    case 0xC2: return byte(1) == 0x85 || byte(1) == 0xA0 ? 2 : 0
    // U+1680
    case 0xE1: return byte(1) == 0x9A && byte(2) == 0x80 ? 3 : 0
    // U+2000…U+200A, U+2028, U+2029, U+202F; U+205F
    case 0xE2:
      if byte(1) == 0x80, (0x80...0x8A).contains(byte(2)) || [0xA8, 0xA9, 0xAF].contains(byte(2)) { return 3 }
      return byte(1) == 0x81 && byte(2) == 0x9F ? 3 : 0
    // U+3000
    case 0xE3: return byte(1) == 0x80 && byte(2) == 0x80 ? 3 : 0
    default: return 0
    }
  }
}
