/// A recursive descent parser of UTF-8, with bounds on nesting and on the number of values, so that no document exhausts
/// stack or memory.
struct JSONParser {
  static let depthLimit = 64
  /// More than a checkpoint of 500,000 tensors or any vocabulary needs.
  static let valueLimit = 1 << 22

  private let bytes: [UInt8]
  private let duplicateKeys: JSONValue.DuplicateKeys
  private let valueLimit: Int
  private var offset = 0
  private var values = 0

  init(bytes: [UInt8], duplicateKeys: JSONValue.DuplicateKeys, valueLimit: Int) {
    self.bytes = bytes
    self.duplicateKeys = duplicateKeys
    self.valueLimit = valueLimit
  }

  mutating func document() throws(JSONError) -> JSONValue {
    do throws(UTF8.ValidationError) {
      _ = try UTF8Span(validating: bytes.span)
    } catch {
      let offset = error.byteOffsets.lowerBound
      throw JSONError(offset: offset, expected: "UTF-8", found: "the byte 0x\(String(bytes[offset], radix: 16))")
    }
    let value = try value(depth: 0)
    skipBlanks()
    guard offset == bytes.count else { throw missing("the end of the file") }
    return value
  }

  // MARK: Errors

  private func missing(_ expected: String) -> JSONError {
    if offset == 0, bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      return JSONError(
        offset: 0, expected: expected, found: "a byte order mark", advice: "Save the file as UTF-8 without a byte order mark.")
    }
    var found = "the end of the file"
    if offset < bytes.count {
      let scalar = Unicode.Scalar(UTF8Scalars.decode(bytes.span, at: offset).scalar) ?? "\u{FFFD}"
      found = "\"\(scalar)\""
    }
    return JSONError(offset: offset, expected: expected, found: found)
  }

  private func wrong(_ found: String) -> JSONError { JSONError(offset: offset, expected: nil, found: found) }

  // MARK: Bytes

  private func peek() -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func skipBlanks() {
    while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  private mutating func takeAfterBlanks(_ character: Unicode.Scalar) -> Bool {
    skipBlanks()
    return take(character)
  }

  // MARK: Values

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    guard depth < Self.depthLimit else { throw wrong("nested more than \(Self.depthLimit) deep") }
    values += 1
    guard values <= valueLimit else { throw wrong("more than \(valueLimit) values") }
    skipBlanks()
    switch peek() {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "N"): return try literal("NaN", .number(Array("NaN".utf8)))
    case UInt8(ascii: "I"): return try literal("Infinity", .number(Array("Infinity".utf8)))
    default: return try number()
    }
  }

  private mutating func literal(_ text: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
    guard bytes[offset...].starts(with: text.utf8) else { throw missing(text) }
    offset += text.utf8.count
    return value
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
    offset += 1
    var members: [JSONValue.Member] = []
    var keys: Set<[UInt8]> = []
    if takeAfterBlanks("}") { return .object(members) }
    repeat {
      skipBlanks()
      guard peek() == UInt8(ascii: "\"") else { throw missing("a key in quotation marks") }
      let start = offset
      let key = try string()
      if duplicateKeys == .refused, !keys.insert(key).inserted {
        offset = start
        throw wrong("the key \"\(String(decoding: key, as: UTF8.self))\" occurs twice")
      }
      guard takeAfterBlanks(":") else { throw missing("\":\"") }
      members.append(JSONValue.Member(key: key, value: try value(depth: depth + 1)))
    } while takeAfterBlanks(",")
    guard take("}") else { throw missing("\",\" or \"}\"") }
    return .object(members)
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
    offset += 1
    var elements: [JSONValue] = []
    if takeAfterBlanks("]") { return .array(elements) }
    repeat { elements.append(try value(depth: depth + 1)) } while takeAfterBlanks(",")
    guard take("]") else { throw missing("\",\" or \"]\"") }
    return .array(elements)
  }

  // MARK: Numbers

  private mutating func digits() throws(JSONError) {
    let start = offset
    while let byte = peek(), (0x30...0x39).contains(byte) { offset += 1 }
    if offset == start { throw missing("a value") }
  }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = offset
    if take("-"), peek() == UInt8(ascii: "I") { return try literal("Infinity", .number(Array("-Infinity".utf8))) }
    let firstDigit = offset
    try digits()
    if bytes[firstDigit] == UInt8(ascii: "0"), offset - firstDigit > 1 { throw wrong("a number starts with 0") }
    var isInteger = true
    if take(".") {
      isInteger = false
      try digits()
    }
    if take("e") || take("E") {
      isInteger = false
      if !take("+") { _ = take("-") }
      try digits()
    }
    let text = bytes[start..<offset]
    if isInteger, let value = Int(String(decoding: text, as: UTF8.self)) { return .integer(value) }
    return .number(Array(text))
  }

  // MARK: Strings

  private mutating func string() throws(JSONError) -> [UInt8] {
    offset += 1
    var start = offset
    var text: [UInt8] = []
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\""):
        text.append(contentsOf: bytes[start..<offset])
        offset += 1
        return text
      case UInt8(ascii: "\\"):
        text.append(contentsOf: bytes[start..<offset])
        offset += 1
        text.append(contentsOf: Array(String(try escape()).utf8))
        start = offset
      case 0..<0x20: throw wrong("a control character in a string")
      default: offset += 1
      }
    }
    throw missing("the end of a string")
  }

  private mutating func escape() throws(JSONError) -> Unicode.Scalar {
    guard let byte = peek() else { throw missing("the end of an escape") }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let high = try hexadecimal()
      if let scalar = Unicode.Scalar(high) { return scalar }
      guard high < 0xDC00, take("\\"), take("u") else { throw wrong("half of a surrogate pair") }
      let low = try hexadecimal()
      guard (0xDC00..<0xE000).contains(low),
        let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
      else { throw wrong("half of a surrogate pair") }
      return scalar
    default: throw wrong("an unknown escape")
    }
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = peek().flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else {
        throw missing("four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      offset += 1
    }
    return value
  }
}
