/// One pass over one document: the grammar of RFC 8259, with the paths of pointers followed on the way.
///
/// The bytes are known to be UTF-8, so only ASCII is looked at here.
struct JSONScanner {
  private let maximumDepth: Int
  private var offset = 0
  private var nesting = JSONNesting()
  private var paths: [JSONPathMatcher]

  init(pointers: [JSONPointer], maximumDepth: Int) {
    self.maximumDepth = maximumDepth
    paths = pointers.map(JSONPathMatcher.init)
  }

  private enum Expected {
    /// A value; `orEnd` where `]` may stand instead.
    case value(orEnd: Bool)
    /// A member's name; `orEnd` where `}` may stand instead.
    case name(orEnd: Bool)
    /// A comma or the end of what is open.
    case separator
  }

  /// - Throws: ``JSONTextError``.
  mutating func scan(_ bytes: Span<UInt8>) throws(JSONTextError) -> JSONScan {
    if bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF { offset = 3 }
    skipWhitespace(bytes)
    guard offset < bytes.count else { throw JSONTextError(kind: .empty, offset: offset) }
    let start = offset
    var root: (kind: JSONKind, hasEscapes: Bool)?
    var members = 0
    var expected = Expected.value(orEnd: false)
    repeat {
      skipWhitespace(bytes)
      switch expected {
      case .value(orEnd: true) where peek(bytes) == UInt8(ascii: "]"), .name(orEnd: true) where peek(bytes) == UInt8(ascii: "}"):
        close()
        expected = .separator
      case .value:
        if nesting.depth == 1 { members += 1 }
        if nesting.depth > 0 { for index in paths.indices { paths[index].element(depth: nesting.depth) } }
        let value = try readValue(bytes)
        if root == nil { root = (value.kind, value.hasEscapes) }
        expected = next(after: value.kind)
      case .name:
        if nesting.depth == 1 { members += 1 }
        try readName(bytes)
        skipWhitespace(bytes)
        let value = try readValue(bytes)
        expected = next(after: value.kind)
      case .separator:
        expected = try readSeparator(bytes)
      }
    } while nesting.depth > 0

    let end = offset
    skipWhitespace(bytes)
    guard offset == bytes.count else { throw JSONTextError(kind: .trailingBytes, offset: offset) }
    let kind = root?.kind ?? .null
    return JSONScan(
      root: JSONValue(kind: kind, range: start..<end, hasEscapes: root?.hasEscapes ?? false),
      rootIsEmpty: (kind == .object || kind == .array) && members == 0,
      matches: paths.map(\.match))
  }

  // MARK: Structure

  private func next(after kind: JSONKind) -> Expected {
    switch kind {
    case .object: .name(orEnd: true)
    case .array: .value(orEnd: true)
    default: .separator
    }
  }

  /// Reads a scalar to its end, or the opening bracket of a container.
  private mutating func readValue(_ bytes: Span<UInt8>) throws(JSONTextError) -> (kind: JSONKind, hasEscapes: Bool) {
    let start = offset
    var hasEscapes = false
    let kind: JSONKind
    guard let first = peek(bytes) else { throw unexpected(bytes, expected: "a value") }
    switch first {
    case UInt8(ascii: "\""):
      hasEscapes = try readString(bytes)
      kind = .string
    case UInt8(ascii: "{"):
      try open(.object)
      return (.object, false)
    case UInt8(ascii: "["):
      try open(.array)
      return (.array, false)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      try readNumber(bytes)
      kind = .number
    case UInt8(ascii: "t"):
      try readWord(bytes, "true")
      kind = .bool
    case UInt8(ascii: "f"):
      try readWord(bytes, "false")
      kind = .bool
    case UInt8(ascii: "n"):
      try readWord(bytes, "null")
      kind = .null
    default: throw unexpected(bytes, expected: "a value")
    }
    let value = JSONValue(kind: kind, range: start..<offset, hasEscapes: hasEscapes)
    for index in paths.indices { paths[index].scalar(value, depth: nesting.depth) }
    return (kind, hasEscapes)
  }

  private mutating func open(_ kind: JSONKind) throws(JSONTextError) {
    guard nesting.depth < maximumDepth else {
      throw JSONTextError(kind: .tooDeep(maximum: maximumDepth), offset: offset)
    }
    for index in paths.indices { paths[index].open(kind, at: offset, depth: nesting.depth) }
    nesting.push(isObject: kind == .object)
    offset += 1
  }

  private mutating func close() {
    offset += 1
    nesting.pop()
    for index in paths.indices { paths[index].close(end: offset, depth: nesting.depth) }
  }

  private mutating func readName(_ bytes: Span<UInt8>) throws(JSONTextError) {
    guard peek(bytes) == UInt8(ascii: "\"") else { throw unexpected(bytes, expected: "a member's name in quotes") }
    let start = offset + 1
    let hasEscapes = try readString(bytes)
    let name = start..<offset - 1
    for index in paths.indices {
      paths[index].member(bytes, name: name, hasEscapes: hasEscapes, depth: nesting.depth)
    }
    skipWhitespace(bytes)
    guard peek(bytes) == UInt8(ascii: ":") else { throw unexpected(bytes, expected: "':'") }
    offset += 1
  }

  private mutating func readSeparator(_ bytes: Span<UInt8>) throws(JSONTextError) -> Expected {
    let isObject = nesting.isObject
    let byte = peek(bytes)
    if byte == UInt8(ascii: ",") {
      offset += 1
      return isObject ? .name(orEnd: false) : .value(orEnd: false)
    }
    guard byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
      throw unexpected(bytes, expected: isObject ? "',' or '}'" : "',' or ']'")
    }
    close()
    return .separator
  }

  // MARK: Scalars

  /// Reads a string, from its opening to its closing quote.
  /// - Returns: whether there is a `\` in it.
  private mutating func readString(_ bytes: Span<UInt8>) throws(JSONTextError) -> Bool {
    var hasEscapes = false
    var index = offset + 1
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\"") {
        offset = index + 1
        return hasEscapes
      } else if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        index = try endOfEscape(bytes, at: index)
      } else if byte < 0x20 {
        throw JSONTextError(kind: .controlCharacter(byte), offset: index)
      } else {
        index += 1
      }
    }
    throw JSONTextError(kind: .unexpectedEnd(expected: "the string's closing quote"), offset: bytes.count)
  }

  private func endOfEscape(_ bytes: Span<UInt8>, at start: Int) throws(JSONTextError) -> Int {
    guard start + 1 < bytes.count else { throw JSONTextError(kind: .unexpectedEnd(expected: "an escape"), offset: bytes.count) }
    switch bytes[start + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
      UInt8(ascii: "r"), UInt8(ascii: "t"):
      return start + 2
    case UInt8(ascii: "u"):
      for index in start + 2..<start + 6 {
        guard index < bytes.count else {
          throw JSONTextError(kind: .unexpectedEnd(expected: "a hexadecimal digit"), offset: bytes.count)
        }
        guard Self.hexadecimalDigit(bytes[index]) != nil else { throw JSONTextError(kind: .badEscape, offset: start) }
      }
      return start + 6
    default: throw JSONTextError(kind: .badEscape, offset: start)
    }
  }

  static func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  private mutating func readNumber(_ bytes: Span<UInt8>) throws(JSONTextError) {
    if peek(bytes) == UInt8(ascii: "-") { offset += 1 }
    // No digit may follow a leading zero: it would be the byte where a comma or an end should stand.
    if peek(bytes) == UInt8(ascii: "0") { offset += 1 } else { try readDigits(bytes) }
    if peek(bytes) == UInt8(ascii: ".") {
      offset += 1
      try readDigits(bytes)
    }
    if let byte = peek(bytes), byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
      offset += 1
      if let sign = peek(bytes), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { offset += 1 }
      try readDigits(bytes)
    }
  }

  private mutating func readDigits(_ bytes: Span<UInt8>) throws(JSONTextError) {
    let start = offset
    while let byte = peek(bytes), byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") { offset += 1 }
    if offset == start { throw unexpected(bytes, expected: "a digit") }
  }

  private mutating func readWord(_ bytes: Span<UInt8>, _ word: StaticString) throws(JSONTextError) {
    for expected in word.description.utf8 {
      guard peek(bytes) == expected else { throw unexpected(bytes, expected: "'\(word)'") }
      offset += 1
    }
  }

  // MARK: Bytes

  private func peek(_ bytes: Span<UInt8>) -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func skipWhitespace(_ bytes: Span<UInt8>) {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x09, 0x0A, 0x0D: offset += 1
      default: return
      }
    }
  }

  private func unexpected(_ bytes: Span<UInt8>, expected: String) -> JSONTextError {
    guard let byte = peek(bytes) else { return JSONTextError(kind: .unexpectedEnd(expected: expected), offset: offset) }
    return JSONTextError(kind: .unexpectedByte(byte, expected: expected), offset: offset)
  }
}
