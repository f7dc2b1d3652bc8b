/// Why a tokeniser could not be made, or a text not be tokenised. Every description says what was found where, and what
/// was expected.
public enum TokenizerError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A file could not be read: it is missing, is no regular file, may not be opened, or is larger than any real one.
  case unreadableFile(file: String, reason: String)
  /// A file is not what its format demands. `offset` is in bytes, where it is known.
  case malformedFile(file: String, offset: Int?, reason: String)
  /// A file is well-formed but asks for something that this tokeniser does not do.
  case unsupported(file: String, what: String, found: String, supported: String)
  /// A vocabulary that cannot be used: tokens or ids that occur twice, are out of range or are missing.
  case invalidVocabulary(file: String, reason: String)
  /// Two files of one model contradict each other.
  case conflictingFiles(String)
  /// A text is not UTF-8; the first wrong byte is at `byteOffset`.
  case invalidUTF8(byteOffset: Int)
  /// Fewer than 2 tokens were allowed, too few for the two that enclose every text.
  case maximumTokensTooSmall(Int)

  public var description: String {
    switch self {
    case .unreadableFile(let file, let reason):
      return "\(file): \(reason)"
    case .malformedFile(let file, let offset, let reason):
      return "\(file)\(offset.map { ", byte \($0)" } ?? ""): \(reason)"
    case .unsupported(let file, let what, let found, let supported):
      return "\(file): \(what) is \(found), which is not supported; supported: \(supported)"
    case .invalidVocabulary(let file, let reason):
      return "\(file): \(reason)"
    case .conflictingFiles(let reason):
      return reason
    case .invalidUTF8(let byteOffset):
      return "the text is not UTF-8: wrong byte at offset \(byteOffset)"
    case .maximumTokensTooSmall(let count):
      return "at most \(count) tokens were allowed, but the two around a text are always there: allow 2 or more"
    }
  }
}
