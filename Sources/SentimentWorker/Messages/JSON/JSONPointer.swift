/// Where in a JSON document a value lies (RFC 6901), read once and then followed byte by byte: `/review/text`, `/items/0/body`.
///
/// The empty pointer is the whole document. `~1` stands for `/` and `~0` for `~` in a name.
struct JSONPointer: Sendable, Equatable, CustomStringConvertible {
  /// One step: a member's name in an object, or an element's index in an array.
  struct Token: Sendable, Equatable {
    /// The name in UTF-8, escapes undone.
    let name: [UInt8]
    /// The index, if the name is one that arrays know: `0`, or digits without a leading zero.
    let index: Int?
  }

  let tokens: [Token]
  /// The pointer as it was written.
  let description: String

  /// - Throws: ``JSONPointerError`` where the text is not empty and does not begin with `/`, or holds a `~` not followed by 0 or 1.
  init(_ text: String) throws(JSONPointerError) {
    description = text
    var parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    // What stands before the first slash must be nothing.
    guard parts.removeFirst().isEmpty else {
      throw JSONPointerError(message: "JSON Pointer '\(text)' must begin with '/': did you mean '/\(text)'?")
    }
    var tokens: [Token] = []
    for part in parts {
      guard let name = Self.unescaped(part) else {
        throw JSONPointerError(
          message: "JSON Pointer '\(text)': '~' must be written '~0' (and '/' in a name '~1')")
      }
      tokens.append(Token(name: name, index: Self.arrayIndex(name)))
    }
    self.tokens = tokens
  }

  /// The pointer through the members `names`, which need no escaping here.
  init(members names: [String]) {
    tokens = names.map { Token(name: Array($0.utf8), index: Self.arrayIndex(Array($0.utf8))) }
    description = names.map { "/" + $0.replacing("~", with: "~0").replacing("/", with: "~1") }.joined()
  }

  private static func unescaped(_ part: Substring.UTF8View) -> [UInt8]? {
    var name: [UInt8] = []
    var afterTilde = false
    for byte in part {
      switch (afterTilde, byte) {
      case (true, UInt8(ascii: "0")): name.append(UInt8(ascii: "~"))
      case (true, UInt8(ascii: "1")): name.append(UInt8(ascii: "/"))
      case (true, _): return nil
      case (false, UInt8(ascii: "~")): break
      case (false, _): name.append(byte)
      }
      afterTilde = !afterTilde && byte == UInt8(ascii: "~")
    }
    return afterTilde ? nil : name
  }

  private static func arrayIndex(_ name: [UInt8]) -> Int? {
    guard let first = name.first, name.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      first != UInt8(ascii: "0") || name.count == 1
    else { return nil }
    return Int(String(decoding: name, as: UTF8.self))
  }
}

/// A JSON Pointer that is none; the message says what is wrong and how it is written.
struct JSONPointerError: Error, Equatable, CustomStringConvertible {
  let message: String
  var description: String { message }
}
