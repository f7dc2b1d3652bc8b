/// A setting in force, fit to be logged: it does not hold the value of a secret.
public struct EffectiveSetting: Sendable, Equatable, CustomStringConvertible {
  public let key: String
  public let source: SettingSource
  public let isSecret: Bool
  /// `.one("(redacted)")` for a secret that is set.
  public let text: SettingText
  private let isLiteral: Bool

  init(key: String, text: SettingText, isLiteral: Bool, source: SettingSource, isSecret: Bool) {
    self.key = key
    self.source = source
    self.isSecret = isSecret
    let isAbsent = text == .none || source == .default
    self.text = isSecret ? (isAbsent ? .none : .one("(redacted)")) : text
    self.isLiteral = isLiteral && !isSecret
  }

  /// The value as one line of text, empty where there is none.
  public var value: String {
    switch text {
    case .none: ""
    case .one(let text): text
    case .many(let items): items.joined(separator: ",")
    case .entries(let entries): entries.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }
  }

  /// `model.lanes = 4 (--lanes)`.
  public var description: String { "\(key) = \(value) (\(source))" }

  /// The value as JSON, which is YAML as well.
  var json: String { jsonText(of: text, isLiteral: isLiteral) }
}

extension SettingValues: CustomStringConvertible, CustomReflectable {
  /// A line per setting, secrets redacted.
  public var description: String { effective().map { "\($0)\n" }.joined() }

  /// What `dump` and string interpolation of whatever holds the values see: no secrets either.
  public var customMirror: Mirror {
    Mirror(self, children: effective().map { (label: $0.key, value: $0.value as Any) }, displayStyle: .struct)
  }

  /// One JSON object from key to value, secrets redacted: `{"model.lanes":4,"kafka.sasl.password":"(redacted)"}`.
  public func effectiveJSON() -> String {
    "{" + effective().map { "\(jsonString($0.key)):\($0.json)" }.joined(separator: ",") + "}"
  }

  /// A YAML file with the settings in force, secrets redacted, each with its source in a comment.
  public func effectiveYAML() -> String {
    effective().map { setting in
      // A source may be a path, and a path may hold a line break.
      let source = quoted(setting.source.description).dropFirst().dropLast()
      return "\(setting.key): \(setting.json)  # \(source)\n"
    }.joined()
  }
}

func jsonText(of text: SettingText, isLiteral: Bool) -> String {
  func item(_ text: String) -> String { isLiteral ? text : jsonString(text) }
  switch text {
  case .none: return "null"
  case .one(let text): return item(text)
  case .many(let items): return "[" + items.map(item).joined(separator: ", ") + "]"
  case .entries(let entries):
    let members = entries.sorted { $0.key < $1.key }.map { "\(jsonString($0.key)): \(jsonString($0.value))" }
    return "{" + members.joined(separator: ", ") + "}"
  }
}

/// A JSON string (RFC 8259, section 7) that a YAML double-quoted scalar reads the same way.
func jsonString(_ text: String) -> String {
  var json = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": json += "\\\""
    case "\\": json += "\\\\"
    case "\n": json += "\\n"
    case "\r": json += "\\r"
    case "\t": json += "\\t"
    case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}", "\u{FEFF}":
      let digits = String(scalar.value, radix: 16)
      json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: json.unicodeScalars.append(scalar)
    }
  }
  return json + "\""
}
