/// Why bytes are not a JSON document that is taken, and at which byte that shows.
struct JSONTextError: Error, Equatable {
  enum Kind: Equatable {
    /// Nothing but whitespace.
    case empty
    /// The document ends where `expected` should stand.
    case unexpectedEnd(expected: String)
    /// A byte that cannot stand where `expected` should.
    case unexpectedByte(UInt8, expected: String)
    /// A second value, or anything else but whitespace, after the document.
    case trailingBytes
    /// A raw control character inside a string.
    case controlCharacter(UInt8)
    /// `\` followed by no escape that JSON knows.
    case badEscape
    case notUTF8
    /// More arrays and objects inside each other than allowed.
    case tooDeep(maximum: Int)
    /// A `\u` escape of half a surrogate pair, which no UTF-8 can hold. Legal JSON: thrown only where the string is decoded.
    case loneSurrogate
  }

  let kind: Kind
  /// Counted from 0 at the document's first byte.
  let offset: Int
}

extension JSONTextError: CustomStringConvertible {
  /// In plain words, without anything of the document but single bytes in hexadecimal.
  var description: String {
    switch kind {
    case .empty: "no JSON value in \(offset) bytes"
    case .unexpectedEnd(let expected): "ends at byte \(offset) where \(expected) should stand"
    case .unexpectedByte(let byte, let expected): "\(hexadecimal(byte)) at byte \(offset) where \(expected) should stand"
    case .trailingBytes: "more than one JSON value: the second begins at byte \(offset)"
    case .controlCharacter(let byte): "raw control character \(hexadecimal(byte)) in a string at byte \(offset)"
    case .badEscape: "unknown escape in a string at byte \(offset)"
    case .notUTF8: "not UTF-8 at byte \(offset)"
    case .tooDeep(let maximum): "nested deeper than \(maximum) levels at byte \(offset)"
    case .loneSurrogate: "half a surrogate pair in the string at byte \(offset)"
    }
  }

  private func hexadecimal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16, uppercase: true)
    return "0x" + (digits.count < 2 ? "0" : "") + digits
  }
}
