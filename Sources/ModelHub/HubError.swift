/// Why a model could not be fetched or checked.
public struct HubError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Kind: Sendable, Equatable, CaseIterable {
    /// The repository's name, the revision, the address or the destination cannot be used as given.
    case usage
    /// The hub has no such repository, revision or file.
    case notFound
    /// The hub wants a token, or the token has no right to the repository.
    case refused
    /// The hub cannot be reached, answers with errors, or breaks off again and again.
    case unreachable
    /// What came is not what the hub's listing promised, or the listing itself is not sound.
    case damaged
    /// The repository has no model in a form that can be run.
    case unsuitable
    /// This machine's file system: no space, no right, no such directory.
    case file
  }

  public var kind: Kind
  /// What happened, where, and what to do about it.
  public var description: String

  public init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}

/// A name or text from outside, cut and cleaned for a message on one line.
func shown(_ text: String, limit: Int = 120) -> String {
  let cleaned = text.unicodeScalars.prefix(limit).map { $0.properties.generalCategory == .control ? "\u{FFFD}" : String($0) }
  return cleaned.joined() + (text.unicodeScalars.count > limit ? "…" : "")
}
