/// A value inside a JSON file together with where it is, so that every complaint about it says so.
struct TokenizerField {
  let file: String
  let path: String
  let value: JSONValue

  init(_ file: TokenizerFile) throws(TokenizerError) {
    do throws(JSONError) {
      self.init(file: file.name, path: "", value: try JSONValue(parsing: file.bytes, duplicateKeys: .kept))
    } catch {
      let reason = error.expected.map { "expected \($0), found \(error.found)" } ?? error.found
      throw .malformedFile(file: file.name, offset: error.offset, reason: "not JSON: \(reason)")
    }
  }

  private init(file: String, path: String, value: JSONValue) {
    self.file = file
    self.path = path
    self.value = value
  }

  /// A member of an object; `nil` where it is absent or null. Where it occurs twice, the last counts.
  func optional(_ key: String) throws(TokenizerError) -> TokenizerField? {
    guard let value = try members()[key] else { return nil }
    if case .null = value { return nil }
    return child(key, value)
  }

  func required(_ key: String) throws(TokenizerError) -> TokenizerField {
    guard let field = try optional(key) else { throw malformed("expected \(child(key, .null).path), which is missing") }
    return field
  }

  func members() throws(TokenizerError) -> [JSONValue.Member] {
    guard case .object(let members) = value else { throw mismatch("an object") }
    return members
  }

  func elements() throws(TokenizerError) -> [TokenizerField] {
    guard case .array(let elements) = value else { throw mismatch("an array") }
    return elements.enumerated().map { TokenizerField(file: file, path: "\(path)[\($0)]", value: $1) }
  }

  func bool() throws(TokenizerError) -> Bool {
    guard case .bool(let value) = value else { throw mismatch("true or false") }
    return value
  }

  func integer() throws(TokenizerError) -> Int {
    guard case .integer(let value) = value else { throw mismatch("an integer") }
    return value
  }

  func string() throws(TokenizerError) -> String {
    guard let text = value.text else { throw mismatch("a string") }
    return text
  }

  /// A token, which is written as a string or as an object with its `content`.
  func token() throws(TokenizerError) -> String {
    if case .object = value { return try required("content").string() }
    return try string()
  }

  func malformed(_ reason: String) -> TokenizerError { .malformedFile(file: file, offset: nil, reason: reason) }

  func unsupported(supported: String) -> TokenizerError {
    .unsupported(file: file, what: path, found: value.kind, supported: supported)
  }

  private func mismatch(_ expected: String) -> TokenizerError {
    malformed("\(path.isEmpty ? "the file" : path) is \(value.kind); expected \(expected)")
  }

  func child(_ key: String, _ value: JSONValue) -> TokenizerField {
    TokenizerField(file: file, path: path.isEmpty ? key : "\(path).\(key)", value: value)
  }
}

extension JSONValue {
  /// What a `TokenizerError` calls it.
  var kind: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "the integer \(value)"
    case .number: "a number that is no integer"
    case .string(let bytes): "the string \(Vocabulary.quote(bytes[...]))"
    case .array: "an array"
    case .object: "an object"
    }
  }
}
