/// Checks JSON texts and finds values in them without building a tree: bytes in, byte ranges out.
///
/// The whole document is checked against RFC 8259: UTF-8, numbers, escapes, control characters, nothing after the value. A byte
/// order mark before the value is passed over, as RFC 8259 §8.1 allows. `\u` escapes of half a surrogate pair are legal there;
/// only decoding such a string is an error. Nothing recurses: depth costs one bit a level, and never the thread's stack.
///
/// Of members with equal names the last one counts, as for most parsers; names are compared after their escapes are undone, byte
/// by byte.
enum JSONText {
  /// How many arrays and objects may lie inside each other: what Jackson, the JVM's parser, allows downstream of here.
  static let defaultMaximumDepth = 1000

  /// Checks the document and finds what the pointers point at.
  /// - Parameters:
  ///   - pointers: the n-th answer is for the n-th pointer.
  ///   - maximumDepth: at least 1.
  /// - Throws: ``JSONTextError`` at the first byte that is wrong; bytes that are not UTF-8 come before all other faults.
  static func scan(
    _ bytes: Span<UInt8>, for pointers: [JSONPointer], maximumDepth: Int = defaultMaximumDepth
  ) throws(JSONTextError) -> JSONScan {
    do throws(UTF8.ValidationError) {
      _ = try UTF8Span(validating: bytes)
    } catch {
      throw JSONTextError(kind: .notUTF8, offset: error.byteOffsets.lowerBound)
    }
    var scanner = JSONScanner(pointers: pointers, maximumDepth: maximumDepth)
    return try scanner.scan(bytes)
  }

  /// The UTF-8 bytes that a string stands for.
  /// - Parameters:
  ///   - content: the bytes between the quotes, of a string that ``scan(_:for:maximumDepth:)`` has checked.
  /// - Throws: `loneSurrogate`.
  static func unescape(_ bytes: Span<UInt8>, content: Range<Int>) throws(JSONTextError) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(content.count)
    var offset = content.lowerBound
    while offset < content.upperBound {
      let byte = bytes[offset]
      guard byte == UInt8(ascii: "\\") else {
        text.append(byte)
        offset += 1
        continue
      }
      let escaped = bytes[offset + 1]
      if escaped == UInt8(ascii: "u") {
        let (scalar, length) = try escapedScalar(bytes, at: offset)
        appendUTF8(scalar, to: &text)
        offset += length
      } else {
        text.append(plainEscape(escaped))
        offset += 2
      }
    }
    return text
  }

  private static func plainEscape(_ letter: UInt8) -> UInt8 {
    switch letter {
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    default: letter
    }
  }

  /// Reads `\uXXXX`, or two of them where the first is the high half of a surrogate pair.
  private static func escapedScalar(
    _ bytes: Span<UInt8>, at offset: Int
  ) throws(JSONTextError) -> (scalar: UInt32, length: Int) {
    let first = hexadecimal(bytes, at: offset + 2)
    switch first {
    case 0xD800..<0xDC00:
      // The string's closing quote lies within bounds, so these three bytes do too, if the first two match.
      guard bytes[offset + 6] == UInt8(ascii: "\\"), bytes[offset + 7] == UInt8(ascii: "u") else { break }
      let second = hexadecimal(bytes, at: offset + 8)
      guard (0xDC00..<0xE000).contains(second) else { break }
      return (0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), 12)
    case 0xDC00..<0xE000: break
    default: return (first, 6)
    }
    throw JSONTextError(kind: .loneSurrogate, offset: offset)
  }

  private static func hexadecimal(_ bytes: Span<UInt8>, at offset: Int) -> UInt32 {
    var value: UInt32 = 0
    for index in offset..<offset + 4 { value = value << 4 | UInt32(JSONScanner.hexadecimalDigit(bytes[index]) ?? 0) }
    return value
  }

  /// - Parameter scalar: not a surrogate, at most 0x10FFFF.
  private static func appendUTF8(_ scalar: UInt32, to text: inout [UInt8]) {
    func continuation(_ shift: UInt32) -> UInt8 { UInt8(0x80 | (scalar >> shift) & 0x3F) }
    switch scalar {
    case 0..<0x80:
      text.append(UInt8(scalar))
    case 0x80..<0x800:
      text.append(UInt8(0xC0 | scalar >> 6))
      text.append(continuation(0))
    case 0x800..<0x10000:
      text.append(UInt8(0xE0 | scalar >> 12))
      text.append(continuation(6))
      text.append(continuation(0))
    default:
      text.append(UInt8(0xF0 | scalar >> 18))
      text.append(continuation(12))
      text.append(continuation(6))
      text.append(continuation(0))
    }
  }
}

/// What kind of value it is.
enum JSONKind: String, Sendable {
  case object, array, string, number, bool, null
}

/// A value's place in a document.
struct JSONValue: Sendable, Equatable {
  let kind: JSONKind
  /// All its bytes, a string's quotes included.
  let range: Range<Int>
  /// For strings: whether any `\` is in it, so that its bytes are not yet its text.
  let hasEscapes: Bool

  /// For strings: the bytes between the quotes.
  var content: Range<Int> { range.lowerBound + 1..<range.upperBound - 1 }
}

/// A document that is JSON, and what was looked for in it.
struct JSONScan: Sendable, Equatable {
  /// The document without the whitespace around it.
  let root: JSONValue
  /// Whether the document is an object or array without members.
  let rootIsEmpty: Bool
  /// One for each pointer.
  let matches: [JSONMatch]
}

/// What one pointer points at.
struct JSONMatch: Sendable, Equatable {
  /// The value that counts: the last one; nil if there is none.
  var value: JSONValue?
  /// How many values lie there, by members with equal names.
  var occurrences = 0
}
