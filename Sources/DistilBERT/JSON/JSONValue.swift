/// A JSON value (RFC 8259) of a model's file.
///
/// Foundation's parsers do not fit: they give `String` keys, which are equal where Unicode calls them canonically equivalent,
/// while a vocabulary may hold such tokens side by side; they hide duplicate keys and the order of members, round large
/// integers, and refuse the `NaN` and `Infinity` that Python writes.
enum JSONValue {
  case null
  case bool(Bool)
  /// A number without fraction or exponent that fits.
  case integer(Int)
  /// Any other number, `NaN` and `Infinity` included, as written.
  case number([UInt8])
  /// UTF-8, escapes resolved.
  case string([UInt8])
  case array([JSONValue])
  /// Members in the order of the document.
  case object([Member])

  struct Member {
    /// UTF-8, escapes resolved.
    let key: [UInt8]
    let value: JSONValue

    var name: String { String(decoding: key, as: UTF8.self) }
  }

  enum DuplicateKeys {
    case refused
    /// Kept as members of their own, for a reader that has its own say on them.
    case kept
  }

  /// Parses a whole document, which may be nested `JSONParser.depthLimit` deep.
  init(
    parsing bytes: [UInt8], duplicateKeys: DuplicateKeys, valueLimit: Int = JSONParser.valueLimit
  ) throws(JSONError) {
    var parser = JSONParser(bytes: bytes, duplicateKeys: duplicateKeys, valueLimit: valueLimit)
    self = try parser.document()
  }

  /// The content of a string; `nil` for anything else.
  var text: String? {
    guard case .string(let bytes) = self else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension [JSONValue.Member] {
  /// The value of `key`, compared byte by byte; where it occurs more than once, the last.
  subscript(key: String) -> JSONValue? { last { $0.key.elementsEqual(key.utf8) }?.value }
}

/// Why bytes are no JSON document.
struct JSONError: Error, Equatable {
  /// Position of the offending byte.
  let offset: Int
  /// What must be there; `nil` where the fault is what is there.
  let expected: String?
  let found: String
  /// What to do about it, where that is known: a sentence.
  var advice: String?
}
