extension JSONValue {
  /// What a `ModelError` calls it.
  var shortDescription: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let text): String(decoding: text, as: UTF8.self)
    case .string(let text): "\"\(String(decoding: text, as: UTF8.self))\""
    case .array(let elements): "a list of \(elements.count)"
    case .object(let members): "an object of \(members.count)"
    }
  }
}
