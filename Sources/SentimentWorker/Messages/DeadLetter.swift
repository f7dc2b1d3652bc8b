import Telemetry

/// Why, where and when a message was given up: what its dead letter says in headers, behind the message's own ones.
///
/// | header | value, as text |
/// |---|---|
/// | `sentiment-reason` | a stable name in kebab case, such as `not-json` |
/// | `sentiment-detail` | for people: what was found; at most 256 bytes, one line, nothing of the review's text |
/// | `sentiment-stage` | `decode`, `tokenise`, `infer` or `produce` |
/// | `sentiment-source-topic`, `-source-partition`, `-source-offset` | where the message was read |
/// | `sentiment-source-timestamp` | the message's own time in milliseconds since 1970; absent if it has none |
/// | `sentiment-attempts` | how often it was tried, from 1; attempts before an earlier dead letter count too |
/// | `sentiment-time` | when it was given up, RFC 3339 in UTC |
/// | `sentiment-value-omitted` | only where the message is too large for the dead-letter topic: the bytes of its value, which is left out |
struct DeadLetter: Sendable, Equatable {
  /// The step of a message's path that gave it up.
  enum Stage: String, Sendable, CaseIterable {
    case decode, tokenise, infer, produce
  }

  typealias Header = (name: String, value: [UInt8]?)

  /// All that a dead letter's own headers begin with.
  static let headerPrefix = "sentiment-"
  /// On a dead letter that was too large for its topic: the bytes of the value that was left out.
  static let valueOmittedHeader = headerPrefix + "value-omitted"
  /// The longest detail, in bytes.
  static let maximumDetailBytes = 256

  let reason: String
  let detail: String
  let stage: Stage
  let source: MessageSource
  private(set) var attempts: Int
  let time: UTCTime

  /// - Parameter reason: a stable name in kebab case.
  init(reason: String, detail: String, stage: Stage, source: MessageSource, attempts: Int = 1, time: UTCTime) {
    self.reason = reason
    self.detail = Self.bounded(detail)
    self.stage = stage
    self.source = source
    self.attempts = attempts
    self.time = time
  }

  /// A message that could not be decoded.
  init(_ unusable: Unusable, source: MessageSource, time: UTCTime) {
    self.init(reason: unusable.reason.rawValue, detail: unusable.detail, stage: .decode, source: source, time: time)
  }

  /// This dead letter's own headers, in the order of the table above.
  var headers: [Header] {
    var texts = [
      ("reason", reason), ("detail", detail), ("stage", stage.rawValue), ("source-topic", source.topic),
      ("source-partition", String(source.partition)), ("source-offset", String(source.offset)),
    ]
    if let timestamp = source.timestamp { texts.append(("source-timestamp", String(timestamp))) }
    texts += [("attempts", String(attempts)), ("time", time.rfc3339)]
    return texts.map { (Self.headerPrefix + $0.0, Array($0.1.utf8)) }
  }

  /// The names of all headers that a dead letter adds to a message's own.
  static let headerNames: Set<String> = Set(
    [
      "reason", "detail", "stage", "source-topic", "source-partition", "source-offset", "source-timestamp", "attempts", "time",
    ].map { headerPrefix + $0 } + [valueOmittedHeader])

  /// A message's own headers, in order, without those of dead letters.
  static func original(_ headers: [Header]) -> [Header] { headers.filter { !headerNames.contains($0.name) } }

  /// The message's headers, unchanged and in order, and then this dead letter's. Those of an earlier dead letter, in a message
  /// that went round again, are left out: only the last failure counts, but for the attempts, which add up.
  func headers(after original: [Header]) -> [Header] {
    var letter = self
    letter.attempts += Self.attempts(in: original)
    return Self.original(original) + letter.headers
  }

  /// The attempts that an earlier dead letter names; 0 where there is none, or no sensible number.
  static func attempts(in headers: [Header]) -> Int {
    let name = headerPrefix + "attempts"
    guard let value = headers.last(where: { $0.name == name })?.value, let text = String(validating: value, as: UTF8.self),
      let attempts = Int32(text), attempts > 0
    else { return 0 }
    return Int(attempts)
  }

  /// One line, held to the longest length at a character's boundary.
  private static func bounded(_ detail: String) -> String {
    var bounded = String.UnicodeScalarView()
    var length = 0
    for scalar in detail.unicodeScalars {
      length += scalar.utf8.count
      if length > maximumDetailBytes { break }
      let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
      bounded.append(isControl ? " " : scalar)
    }
    return String(bounded)
  }
}
