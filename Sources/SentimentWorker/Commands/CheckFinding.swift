import Telemetry

/// What `check` says of one step.
struct CheckFinding: Sendable, Equatable {
  enum Severity: String, Sendable {
    case ok, note, warning
    /// `run` would fail, or not do what was asked for.
    case failed

    fileprivate var mark: String {
      switch self {
      case .ok: "ok     "
      case .note: "note   "
      case .warning: "warning"
      case .failed: "FAILED "
      }
    }
  }

  var step: String
  var severity: Severity
  /// What was found, and what to do about it.
  var text: String

  /// For a terminal: several lines where the text has several.
  var lines: [String] {
    let name = step + String(repeating: " ", count: max(0, 13 - step.count))
    return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { index, line in
      (index == 0 ? "\(severity.mark)  \(name)  " : String(repeating: " ", count: 24)) + String(line).onOneLine
    }
  }

  /// One line: whether all is well, and every finding.
  static func json(_ findings: [CheckFinding]) -> [UInt8] {
    var json = JSONWriter(reservingCapacity: 1024)
    json.object { json in
      json.member("ok", !findings.contains { $0.severity == .failed })
      json.key("findings")
      json.array { json in
        for finding in findings {
          json.object { json in
            json.member("step", finding.step)
            json.member("severity", finding.severity.rawValue)
            json.member("text", finding.text)
          }
        }
      }
    }
    return json.bytes + [0x0A]
  }
}
