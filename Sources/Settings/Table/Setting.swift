/// What a shell offers as the value of a flag or an argument.
public enum Completion: Sendable, Equatable {
  case nothing, file, directory
  /// One of these.
  case words([String])
}

/// One row of the table of settings, typed: declared once, it gives the flag, the environment variable, the YAML key,
/// validation, help, completion and its part of the reference file.
///
///     static let lanes = Setting<Int>(
///       "model.lanes", flag: "lanes", default: 2, allowed: .range(1...1024), summary: "Engine lanes, one thread each.")
public struct Setting<Value: SettingValue>: AnySetting {
  public let row: SettingRow
  public let defaultValue: Value
  let allowed: Constraint<Value>

  /// - Parameters:
  ///   - key: In the YAML file, dotted: `kafka.input-topic`. The environment variable follows from it.
  ///   - flag: Without dashes; nil for none.
  ///   - shortFlag: A letter, for `-b`.
  ///   - defaultValue: Where `requiredBy` names commands this is only what other commands see.
  ///   - unit: Of the number: `tokens`, `records`.
  ///   - summary: What it does, in a sentence.
  ///   - discussion: What else to know before changing it, for the reference file and `--help`.
  ///   - placeholder: Stands for the value in usage lines; by default what the type says.
  ///   - example: A sensible value where the default does not show one.
  ///   - defaultNote: The default in words, where it depends on the machine: `one per core`.
  ///   - secret: The value is never printed and can be read from a file (`…_FILE`).
  ///   - hidden: Works but is not documented.
  ///   - commandLineOnly: A matter of one invocation: no YAML key, no environment variable.
  ///   - requiredBy: The commands that cannot do without a value.
  ///   - completes: What a shell offers as its value; choices need nothing here.
  public init(
    _ key: String, flag: String? = nil, shortFlag: Character? = nil, default defaultValue: Value,
    allowed: Constraint<Value> = .any, unit: String? = nil, summary: String, discussion: String = "",
    placeholder: String? = nil, example: String? = nil, defaultNote: String? = nil, secret: Bool = false,
    hidden: Bool = false, commandLineOnly: Bool = false, requiredBy: [String] = [], completes: Completion = .nothing
  ) {
    var form = Value.form
    if let placeholder { form.placeholder = placeholder }
    row = SettingRow(
      key: key, flag: flag, shortFlag: shortFlag, form: form, expected: allowed.expected(unit: unit), range: allowed.range,
      unit: unit, defaultText: requiredBy.isEmpty ? defaultValue.settingText : .none, defaultNote: defaultNote, summary: summary,
      discussion: discussion, example: example, isSecret: secret, isHidden: hidden, isCommandLineOnly: commandLineOnly,
      requiredBy: requiredBy, completes: completes, passThrough: nil)
    self.defaultValue = defaultValue
    self.allowed = allowed
  }

  public var fallback: any SettingValue { defaultValue }

  public func read(_ text: SettingText) -> (any SettingValue)? {
    guard let value = Value(setting: text), allowed.allows(value) else { return nil }
    return value
  }
}

extension Setting where Value == [String: String] {
  /// Every key under `key` that no other row declares passes through as an entry, its name and value untouched: `kafka.*`.
  /// The flag takes `NAME=VALUE` and may be repeated.
  ///
  /// - Parameters:
  ///   - isSecret: Whether the entry of this name (`sasl.password`) must never be printed.
  ///   - isKnown: Whether an entry of this name exists; nil to leave that to whoever takes the entries.
  ///   - knownNames: Names to suggest for one that does not exist.
  public init(
    passThrough key: String, flag: String? = nil, summary: String, discussion: String = "", placeholder: String = "NAME=VALUE",
    example: String? = nil, isSecret: @escaping @Sendable (String) -> Bool, isKnown: (@Sendable (String) -> Bool)? = nil,
    knownNames: [String] = []
  ) {
    var form = Value.form
    form.placeholder = placeholder
    row = SettingRow(
      key: key, flag: flag, shortFlag: nil, form: form, expected: form.expected, range: nil, unit: nil, defaultText: .none,
      defaultNote: nil, summary: summary, discussion: discussion, example: example, isSecret: false, isHidden: false,
      isCommandLineOnly: false, requiredBy: [], completes: .nothing,
      passThrough: PassThrough(isSecret: isSecret, isKnown: isKnown, knownNames: knownNames))
    defaultValue = [:]
    allowed = .any
  }
}

/// A row whatever the type of its value. Only `Setting` conforms to it.
public protocol AnySetting: Sendable {
  var row: SettingRow { get }
  /// The default value.
  var fallback: any SettingValue { get }
  /// Nil where the text is not a value of this setting or is out of its range.
  func read(_ text: SettingText) -> (any SettingValue)?
}

/// How the entries under a pass-through key are treated.
struct PassThrough: Sendable {
  let isSecret: @Sendable (String) -> Bool
  let isKnown: (@Sendable (String) -> Bool)?
  let knownNames: [String]

  /// An entry under a secret one is secret as well, so that a wrong nesting gives nothing away.
  func hides(_ entry: String) -> Bool {
    var name = Substring(entry)
    while true {
      if isSecret(String(name)) { return true }
      guard let dot = name.lastIndex(of: ".") else { return false }
      name = name[..<dot]
    }
  }
}

/// What the table knows of a setting without its type.
public struct SettingRow: Sendable {
  public let key: String
  public let flag: String?
  public let shortFlag: Character?
  public let form: SettingForm
  /// What is allowed, as the end of a sentence: `a whole number from 1 to 1024 tokens`.
  public let expected: String
  let range: String?
  public let unit: String?
  /// `.none` where there is no default or it cannot be written down.
  public let defaultText: SettingText
  public let defaultNote: String?
  public let summary: String
  public let discussion: String
  public let example: String?
  public let isSecret: Bool
  public let isHidden: Bool
  public let isCommandLineOnly: Bool
  public let requiredBy: [String]
  public let completes: Completion
  let passThrough: PassThrough?

  /// `SENTIMENT_KAFKA_INPUT_TOPIC`; nil for a setting of the command line only.
  func environmentName(prefix: String) -> String? {
    isCommandLineOnly ? nil : prefix + environmentForm(of: key)
  }

  /// `--lanes N`, `--[no-]progress`; nil without a flag.
  var usage: String? {
    guard let flag else { return nil }
    let short = shortFlag.map { "-\($0), " } ?? ""
    return form.isSwitch ? "\(short)--[no-]\(flag)" : "\(short)--\(flag) \(form.placeholder)"
  }

  /// The default in words, `none` included; nil where a command has to be given a value.
  var defaultPhrase: String? {
    if let defaultNote { return defaultNote }
    guard requiredBy.isEmpty else { return nil }
    switch defaultText {
    case .none: return "none"
    case .one(let text): return text.isEmpty || isSecret ? "none" : text
    case .many(let items): return items.isEmpty ? "none" : items.joined(separator: ",")
    case .entries: return nil
    }
  }
}

/// `kafka.input-topic` → `KAFKA_INPUT_TOPIC`.
func environmentForm(of key: String) -> String {
  String(key.uppercased().map { $0 == "." || $0 == "-" ? "_" : $0 })
}
