/// What came of one attempt at a request.
enum AttemptOutcome {
  case done
  /// It may go well next time.
  case again(reason: String, retryAfter: Duration?)
}

/// When something that failed is tried again: after 1 s, 2 s, 4 s… up to a minute, each shortened at random by up to a half so that
/// many clients do not come back together, or after what the server asks for.
struct Attempts {
  /// Attempts in a row that bring nothing new.
  let limit: Int
  private(set) var failures = 0

  static let longestWait = Duration.seconds(60)
  /// The longest wait that a server may ask for.
  static let longestAskedFor = Duration.seconds(300)

  init(limit: Int) { self.limit = limit }

  /// Something came through: the next failure is the first again.
  mutating func madeProgress() { failures = 0 }

  /// The wait before the next attempt; nil if there shall be none.
  mutating func waitAfterFailure(asked: Duration?, random: Double) -> Duration? {
    failures += 1
    guard failures < limit else { return nil }
    if let asked { return asked <= Self.longestAskedFor ? asked : nil }
    let longest = min(Duration.seconds(1 << min(failures - 1, 6)), Self.longestWait)
    return longest * (1 - random / 2)
  }
}

extension ResponseHead {
  /// What an answer other than a success means: an error for good, or a reason to try again.
  func outcome(of subject: String, hasToken: Bool) throws(HubError) -> AttemptOutcome {
    switch status {
    case 200..<300: return .done
    case 401, 403:
      let token =
        hasToken
        ? "HF_TOKEN has no right to it: accept the model's terms on its page, or use a token of a user who may read it"
        : "there is no such repository, or it wants a token: set HF_TOKEN in the environment"
      throw HubError(.refused, "the hub refuses \(subject) (\(status)); \(token)")
    case 404: throw HubError(.notFound, "the hub has no \(subject) (404); check the name and --revision")
    case 408, 429, 500...599:
      return .again(
        reason: status == 429 ? "the hub asks for patience (429)" : "the hub answers \(status)", retryAfter: retryAfter)
    default: throw HubError(.unreachable, "the hub answers \(status) to the request for \(subject); check the address of --hub")
    }
  }

  /// The seconds form of `Retry-After`; the form with a date is not heeded.
  private var retryAfter: Duration? {
    self["retry-after"].flatMap { Int($0) }.flatMap { (0...86_400).contains($0) ? .seconds($0) : nil }
  }
}
