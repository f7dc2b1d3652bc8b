/// The name of a model repository: `OWNER/NAME`, or `NAME` alone as the oldest ones have it.
public struct RepositoryName: Sendable, Equatable, CustomStringConvertible {
  public let owner: String?
  public let name: String

  /// Nil for anything but one or two parts of letters, digits, `-`, `_` and `.`, up to 96 each, that start with none of `-` and
  /// `.` and hold no `..`: what a hub allows, and what is safe as a directory's name.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), parts.allSatisfy(Self.isPart) else { return nil }
    owner = parts.count == 2 ? String(parts[0]) : nil
    name = String(parts[parts.count - 1])
  }

  public var description: String { owner.map { "\($0)/\(name)" } ?? name }

  private static func isPart(_ part: Substring) -> Bool {
    guard (1...96).contains(part.utf8.count), !part.contains("..") else { return false }
    guard let first = part.utf8.first, first != UInt8(ascii: "."), first != UInt8(ascii: "-") else { return false }
    return part.unicodeScalars.allSatisfy {
      $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "-" || $0 == "_" || $0 == ".")
    }
  }
}
