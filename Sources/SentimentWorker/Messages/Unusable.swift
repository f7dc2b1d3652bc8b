/// Why a message cannot be labelled: what the policies, the dead-letter headers and the counters go by.
struct Unusable: Error, Sendable, Equatable {
  /// Stable names, in kebab case: they are part of the product's interface.
  enum Reason: String, Sendable, CaseIterable {
    /// The value is not one JSON document (RFC 8259).
    case notJSON = "not-json"
    /// The document has nothing at the text's pointer.
    case fieldMissing = "field-missing"
    /// What is at the text's pointer is no string.
    case notAString = "not-a-string"
    /// The bytes are not UTF-8.
    case notUTF8 = "not-utf8"
    /// The text has a `\u` escape of half a surrogate pair: no Unicode text.
    case loneSurrogate = "lone-surrogate"
    /// More JSON arrays and objects inside each other than allowed.
    case tooDeep = "too-deep"
    /// The text is empty or whitespace (Unicode's White_Space) alone.
    case blank
    /// The value is larger than allowed.
    case tooLarge = "too-large"
    /// To be enriched, but no JSON object.
    case notAnObject = "not-an-object"
    /// To be enriched, but the member to be added is there and was not written by this program.
    case memberExists = "member-exists"
    /// There is no value: the key's deletion in a compacted topic.
    case tombstone
  }

  let reason: Reason
  /// What was found and where, for people. Holds positions and kinds, nothing of the message's text.
  let detail: String
}

extension Unusable {
  static let tombstone = Unusable(reason: .tombstone, detail: "no value")

  init(_ error: JSONTextError) {
    let reason: Reason =
      switch error.kind {
      case .notUTF8: .notUTF8
      case .tooDeep: .tooDeep
      case .loneSurrogate: .loneSurrogate
      default: .notJSON
      }
    self.init(reason: reason, detail: error.description)
  }
}
