/// Everything that is wrong with the settings, at once. No problem ever shows the value of a secret.
public struct SettingsError: Error, Equatable, CustomStringConvertible {
  /// One sentence each: where (`worker.yaml:12:3`, `--lanes`, `SENTIMENT_MODEL_LANES`), what, and what is allowed.
  public let problems: [String]
  /// Problems beyond those listed.
  public let omitted: Int
  /// Where to read on: `see "sentiment-worker run --help"`.
  public let hint: String?

  public var description: String {
    var lines = problems
    if omitted > 0 { lines.append("and \(omitted) more") }
    if let hint { lines.append(hint) }
    return lines.joined(separator: "\n")
  }
}

/// Gathers problems, a bounded number of them: a hostile file can hold a hundred thousand.
struct ProblemList {
  static let limit = 40

  private(set) var listed: [String] = []
  private(set) var omitted = 0

  var isEmpty: Bool { listed.isEmpty }

  mutating func add(_ problem: @autoclosure () -> String) {
    if listed.count < ProblemList.limit {
      listed.append(problem())
    } else {
      omitted += 1
    }
  }

  func error(hint: String?) -> SettingsError { SettingsError(problems: listed, omitted: omitted, hint: hint) }
}
