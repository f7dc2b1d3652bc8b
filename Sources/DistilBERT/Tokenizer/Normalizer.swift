/// Where normalised text goes, code point by code point.
protocol NormalizedTextSink {
  /// Whether the rest of the text cannot matter any more.
  var isFull: Bool { get }
  /// A byte below 0x80 that is part of a word.
  mutating func appendASCIILetter(_ byte: UInt8)
  /// A byte below 0x80 that is a word of its own.
  mutating func appendASCIIPunctuation(_ byte: UInt8)
  /// A space, or an ASCII character that separates words.
  mutating func appendSpace(_ byte: UInt8)
  /// Any code point from U+0080 on.
  mutating func append(_ scalar: UInt32, _ flags: UnicodeProperties.Flags)
}

/// The reference's `BertNormalizer`: cleaning, spaces around ideographs, stripping of accents, lower case; in this order.
///
/// It runs over UTF-8 in one pass and hands on each code point as it is known. All four steps treat a code point without its
/// neighbours, but for canonical reordering (Unicode Standard, section 3.11), which is part of stripping accents: marks that
/// survive are held back until the next starter and then handed on in their order.
struct Normalizer: Sendable {
  private let cleanText: Bool
  private let separateChinese: Bool
  private let stripAccents: Bool
  private let lowercase: Bool
  private let unicode = UnicodeProperties.shared
  /// By byte: the kind in the high half and, in the low half, what the byte becomes.
  private let ascii: [UInt16]

  private enum Kind {
    static let letter: UInt16 = 0
    static let space: UInt16 = 1 << 8
    static let punctuation: UInt16 = 2 << 8
    static let removed: UInt16 = 3 << 8
    static let notASCII: UInt16 = 4 << 8
  }

  /// Leaves text as it is, for what has been normalised already.
  static let identity = Normalizer(cleanText: false, separateChinese: false, stripAccents: false, lowercase: false)

  init(cleanText: Bool, separateChinese: Bool, stripAccents: Bool, lowercase: Bool) {
    self.cleanText = cleanText
    self.separateChinese = separateChinese
    self.stripAccents = stripAccents
    self.lowercase = lowercase
    let unicode = self.unicode
    ascii = (0..<256).map { (byte: UInt16) -> UInt16 in
      if byte >= 0x80 { return Kind.notASCII }
      let flags = unicode.flags(of: UInt32(byte))
      if cleanText, flags.contains(.removed) { return Kind.removed }
      if flags.contains(.whitespace) { return Kind.space | (cleanText ? 0x20 : byte) }
      if flags.contains(.punctuation) { return Kind.punctuation | byte }
      let isUpper = lowercase && flags.contains(.lowercases)
      return Kind.letter | (isUpper ? UInt16(truncatingIfNeeded: unicode.lowercase(of: UInt32(byte))) : byte)
    }
  }

  /// Normalises the bytes of `text` in `range`, which are well-formed UTF-8, until the end or until `sink` is full.
  func normalize(_ text: Span<UInt8>, _ range: Range<Int>, into sink: inout some NormalizedTextSink) {
    var marks: [UInt32] = []
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = text[index]
      let entry = ascii[Int(byte)]
      if entry & 0xFF00 == Kind.notASCII {
        let (scalar, width) = UTF8Scalars.decode(text, at: index)
        index &+= width
        normalize(scalar, &marks, &sink)
        if sink.isFull { return }
        continue
      }
      index &+= 1
      if !marks.isEmpty, entry & 0xFF00 != Kind.removed { release(&marks, &sink) }
      switch entry & 0xFF00 {
      case Kind.letter:
        sink.appendASCIILetter(UInt8(truncatingIfNeeded: entry))
        while index < range.upperBound {
          let next = ascii[Int(text[index])]
          guard next < 0x100 else { break }
          sink.appendASCIILetter(UInt8(truncatingIfNeeded: next))
          index &+= 1
        }
      case Kind.space:
        sink.appendSpace(UInt8(truncatingIfNeeded: entry))
        if sink.isFull { return }
      case Kind.punctuation:
        sink.appendASCIIPunctuation(byte)
        if sink.isFull { return }
      default: break
      }
    }
    release(&marks, &sink)
  }

  private func normalize(_ scalar: UInt32, _ marks: inout [UInt32], _ sink: inout some NormalizedTextSink) {
    let flags = unicode.flags(of: scalar)
    if cleanText {
      if flags.contains(.removed) { return }
      if flags.contains(.space) {
        release(&marks, &sink)
        sink.appendSpace(0x20)
        return
      }
    }
    guard separateChinese, flags.contains(.chinese) else { return strip(scalar, flags, &marks, &sink) }
    release(&marks, &sink)
    sink.appendSpace(0x20)
    strip(scalar, flags, &marks, &sink)
    sink.appendSpace(0x20)
  }

  private func strip(
    _ scalar: UInt32, _ flags: UnicodeProperties.Flags, _ marks: inout [UInt32], _ sink: inout some NormalizedTextSink
  ) {
    guard stripAccents else { return fold(scalar, flags, &sink) }
    // A starter ends a run of marks even where it is itself stripped.
    if flags.order == 0 { release(&marks, &sink) }
    if flags.contains(.stripped) { return }
    guard flags.contains(.decomposes) else {
      if flags.order == 0 { fold(scalar, flags, &sink) } else { marks.append(scalar) }
      return
    }
    unicode.forEachDecomposed(of: scalar) { part in
      let partFlags = unicode.flags(of: part)
      if partFlags.order == 0 {
        release(&marks, &sink)
        fold(part, partFlags, &sink)
      } else {
        marks.append(part)
      }
    }
  }

  private func fold(_ scalar: UInt32, _ flags: UnicodeProperties.Flags, _ sink: inout some NormalizedTextSink) {
    guard lowercase, flags.contains(.lowercases) else { return emit(scalar, flags, &sink) }
    if scalar == 0x130 {
      // LATIN CAPITAL LETTER I WITH DOT ABOVE, the only one with two code points in lower case. The dot stays: accents
      // have been stripped before, or are not to be.
      sink.appendASCIILetter(UInt8(ascii: "i"))
      return emit(0x307, unicode.flags(of: 0x307), &sink)
    }
    let lower = unicode.lowercase(of: scalar)
    emit(lower, unicode.flags(of: lower), &sink)
  }

  private func emit(_ scalar: UInt32, _ flags: UnicodeProperties.Flags, _ sink: inout some NormalizedTextSink) {
    guard scalar < 0x80 else { return sink.append(scalar, flags) }
    let byte = UInt8(truncatingIfNeeded: scalar)
    if flags.contains(.punctuation) {
      sink.appendASCIIPunctuation(byte)
    } else if flags.contains(.whitespace) {
      sink.appendSpace(byte)
    } else {
      sink.appendASCIILetter(byte)
    }
  }

  /// Hands on the marks held back, each order after the one below it and equal ones as they came. They have no lower case.
  private func release(_ marks: inout [UInt32], _ sink: inout some NormalizedTextSink) {
    if marks.isEmpty { return }
    for order in UnicodeProperties.orders {
      for mark in marks {
        let flags = unicode.flags(of: mark)
        if flags.order == order { sink.append(mark, flags) }
      }
    }
    marks.removeAll(keepingCapacity: true)
  }
}

/// A sink that keeps normalised text as UTF-8.
struct NormalizedText: NormalizedTextSink {
  private(set) var bytes: [UInt8] = []
  var isFull: Bool { false }

  mutating func appendASCIILetter(_ byte: UInt8) { bytes.append(byte) }
  mutating func appendASCIIPunctuation(_ byte: UInt8) { bytes.append(byte) }
  mutating func appendSpace(_ byte: UInt8) { bytes.append(byte) }
  mutating func append(_ scalar: UInt32, _ flags: UnicodeProperties.Flags) {
    let encoded = UTF8Scalars.encode(scalar)
    for index in 0..<encoded.count { bytes.append(encoded.bytes[index]) }
  }
}
