/// A JSON value (RFC 8259) whose strings are bytes.
///
/// Foundation's parsers give `String` keys, which are equal where Unicode calls them canonically equivalent; a vocabulary may
/// hold such tokens side by side. Nesting and the number of values are bounded.
enum TokenizerJSON {
  case null
  case bool(Bool)
  case integer(Int)
  /// A number that is no integer or has more digits than `Int`.
  case real
  case string([UInt8])
  case array([TokenizerJSON])
  case object([(key: [UInt8], value: TokenizerJSON)])

  static let depthLimit = 64
  static let valueLimit = 1 << 22

  init(_ file: TokenizerFile) throws(TokenizerError) {
    var parser = Parser(file: file.name, bytes: file.bytes)
    self = try parser.document()
  }

  var kind: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "the integer \(value)"
    case .real: "a number that is no integer"
    case .string(let bytes): "the string \(Vocabulary.quote(bytes[...]))"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

private struct Parser {
  let file: String
  let bytes: [UInt8]
  var offset = 0
  var values = 0

  mutating func document() throws(TokenizerError) -> TokenizerJSON {
    let value = try value(depth: 0)
    skipBlanks()
    guard offset == bytes.count else { throw failure("expected the end of the file") }
    return value
  }

  private func failure(_ reason: String) -> TokenizerError {
    .malformedFile(file: file, offset: offset, reason: "not JSON: \(reason)")
  }

  private func peek() -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func skipBlanks() {
    while let byte = peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
  }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    skipBlanks()
    guard peek() == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  private mutating func value(depth: Int) throws(TokenizerError) -> TokenizerJSON {
    guard depth < TokenizerJSON.depthLimit else { throw failure("nested more than \(TokenizerJSON.depthLimit) deep") }
    values += 1
    guard values <= TokenizerJSON.valueLimit else { throw failure("more than \(TokenizerJSON.valueLimit) values") }
    skipBlanks()
    switch peek() {
    case UInt8(ascii: "{"): return try object(depth)
    case UInt8(ascii: "["): return try array(depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: return try number()
    }
  }

  private mutating func literal(_ text: StaticString, _ value: TokenizerJSON) throws(TokenizerError) -> TokenizerJSON {
    let expected = Array(text.description.utf8)
    guard bytes[offset...].starts(with: expected) else { throw failure("expected \(text)") }
    offset += expected.count
    return value
  }

  private mutating func object(_ depth: Int) throws(TokenizerError) -> TokenizerJSON {
    offset += 1
    var members: [(key: [UInt8], value: TokenizerJSON)] = []
    if skip("}") { return .object(members) }
    repeat {
      skipBlanks()
      guard peek() == UInt8(ascii: "\"") else { throw failure("expected a key in quotation marks") }
      let key = try string()
      guard skip(":") else { throw failure("expected \":\"") }
      members.append((key, try value(depth: depth + 1)))
    } while skip(",")
    guard skip("}") else { throw failure("expected \",\" or \"}\"") }
    return .object(members)
  }

  private mutating func array(_ depth: Int) throws(TokenizerError) -> TokenizerJSON {
    offset += 1
    var elements: [TokenizerJSON] = []
    if skip("]") { return .array(elements) }
    repeat { elements.append(try value(depth: depth + 1)) } while skip(",")
    guard skip("]") else { throw failure("expected \",\" or \"]\"") }
    return .array(elements)
  }

  private mutating func digits() throws(TokenizerError) {
    let start = offset
    while let byte = peek(), (0x30...0x39).contains(byte) { offset += 1 }
    if offset == start { throw failure("expected a value") }
  }

  private mutating func number() throws(TokenizerError) -> TokenizerJSON {
    let start = offset
    let isNegative = peek() == UInt8(ascii: "-")
    if isNegative { offset += 1 }
    let firstDigit = offset
    try digits()
    if bytes[firstDigit] == UInt8(ascii: "0"), offset - firstDigit > 1 { throw failure("a number starts with 0") }
    var isInteger = true
    if peek() == UInt8(ascii: ".") {
      offset += 1
      isInteger = false
      try digits()
    }
    if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
      offset += 1
      isInteger = false
      if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { offset += 1 }
      try digits()
    }
    guard isInteger, let value = Int(String(decoding: bytes[start..<offset], as: UTF8.self)) else { return .real }
    return .integer(value)
  }

  private mutating func string() throws(TokenizerError) -> [UInt8] {
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
        try escape(&text)
        start = offset
      case 0..<0x20: throw failure("a control character in a string")
      default: offset += 1
      }
    }
    throw failure("expected the end of a string")
  }

  private mutating func escape(_ text: inout [UInt8]) throws(TokenizerError) {
    guard let byte = peek() else { throw failure("expected the end of an escape") }
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var scalar = try hexadecimal()
      if (0xD800..<0xDC00).contains(scalar), bytes[offset...].starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]) {
        offset += 2
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else { throw failure("half of a surrogate pair") }
        scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(scalar) else { throw failure("half of a surrogate pair") }
      text.append(contentsOf: Array(String(scalar).utf8))
    default: throw failure("an unknown escape")
    }
  }

  private mutating func hexadecimal() throws(TokenizerError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = peek().flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else {
        throw failure("expected four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      offset += 1
    }
    return value
  }
}
