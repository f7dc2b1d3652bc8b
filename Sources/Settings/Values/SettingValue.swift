/// What a setting holds before it is typed, and what a typed value is written back as.
public enum SettingText: Sendable, Equatable {
  /// No value: an optional setting that is absent.
  case none
  /// A single value, as it stands in a flag, an environment variable or a YAML scalar.
  case one(String)
  /// A list, as it stands in a YAML sequence or a repeated flag.
  case many([String])
  /// Named entries, as they stand under a pass-through key.
  case entries([String: String])
}

/// How values of one type are written, for messages, help, completion and the reference file.
public struct SettingForm: Sendable {
  public enum Shape: Sendable { case one, many, entries }

  /// What stands for the value in a usage line: `N`, `DURATION`.
  public var placeholder: String
  /// What is expected, as the end of a sentence: `a whole number`.
  public var expected: String
  /// All values there are, where they can be counted.
  public var choices: [String]
  public var shape: Shape
  /// As a flag it needs no value: `--progress`, `--no-progress`.
  public var isSwitch: Bool
  /// Written without quotes in JSON and YAML: numbers and Booleans.
  public var isLiteral: Bool

  public init(
    placeholder: String, expected: String, choices: [String] = [], shape: Shape = .one, isSwitch: Bool = false,
    isLiteral: Bool = false
  ) {
    self.placeholder = placeholder
    self.expected = expected
    self.choices = choices
    self.shape = shape
    self.isSwitch = isSwitch
    self.isLiteral = isLiteral
  }
}

/// A type that a setting can have. Reading back what `settingText` gives yields an equal value.
public protocol SettingValue: Sendable {
  static var form: SettingForm { get }
  /// Nil where the text is not of this type; ranges are the business of `Constraint`.
  init?(setting text: SettingText)
  var settingText: SettingText { get }
}

/// An enumeration whose raw values are what a user writes: `enum Format: String, SettingChoice { case text, json }`.
public protocol SettingChoice: SettingValue, CaseIterable, RawRepresentable where RawValue == String {}

extension SettingChoice {
  public static var form: SettingForm {
    let choices = allCases.map(\.rawValue)
    return SettingForm(placeholder: choices.joined(separator: "|"), expected: listed(choices, last: "or"), choices: choices)
  }

  public init?(setting text: SettingText) {
    guard case .one(let word) = text else { return nil }
    self.init(rawValue: word)
  }

  public var settingText: SettingText { .one(rawValue) }
}

extension String: SettingValue {
  public static var form: SettingForm { SettingForm(placeholder: "TEXT", expected: "text") }

  public init?(setting text: SettingText) {
    guard case .one(let word) = text else { return nil }
    self = word
  }

  public var settingText: SettingText { .one(self) }
}

extension Int: SettingValue {
  public static var form: SettingForm { SettingForm(placeholder: "N", expected: "a whole number", isLiteral: true) }

  public init?(setting text: SettingText) {
    guard case .one(let word) = text, let value = Int(word) else { return nil }
    self = value
  }

  public var settingText: SettingText { .one(String(self)) }
}

extension Double: SettingValue {
  public static var form: SettingForm { SettingForm(placeholder: "X", expected: "a number", isLiteral: true) }

  /// Decimal notation only: no hexadecimal, infinity or NaN.
  public init?(setting text: SettingText) {
    guard case .one(let word) = text, word.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }),
      let value = Double(word), value.isFinite
    else { return nil }
    self = value
  }

  public var settingText: SettingText { .one(description) }
}

extension Bool: SettingValue {
  public static var form: SettingForm {
    SettingForm(
      placeholder: "true|false", expected: "true or false", choices: ["true", "false"], isSwitch: true, isLiteral: true)
  }

  /// Also `yes`, `no`, `on`, `off`, `1` and `0`, in any case, as other tools write them.
  public init?(setting text: SettingText) {
    guard case .one(let word) = text else { return nil }
    switch word.lowercased() {
    case "true", "yes", "on", "1": self = true
    case "false", "no", "off", "0": self = false
    default: return nil
    }
  }

  public var settingText: SettingText { .one(self ? "true" : "false") }
}

/// A setting that may be absent.
extension Optional: SettingValue where Wrapped: SettingValue {
  public static var form: SettingForm { Wrapped.form }

  public init?(setting text: SettingText) {
    if text == .none {
      self = .none
      return
    }
    guard let value = Wrapped(setting: text) else { return nil }
    self = .some(value)
  }

  public var settingText: SettingText { self?.settingText ?? SettingText.none }
}

/// A list: a YAML sequence, a repeated flag, or one text with commas. Items that hold a comma need the YAML sequence.
extension Array: SettingValue where Element: SettingValue {
  public static var form: SettingForm {
    var form = Element.form
    form.placeholder += ",…"
    form.expected = "a list of values, each " + form.expected
    form.shape = .many
    form.isSwitch = false
    return form
  }

  public init?(setting text: SettingText) {
    let words: [String]
    switch text {
    case .one(let word): words = separated(word)
    case .many(let items): words = items
    case .none, .entries: return nil
    }
    var elements: [Element] = []
    for word in words {
      guard let element = Element(setting: .one(word)) else { return nil }
      elements.append(element)
    }
    self = elements
  }

  public var settingText: SettingText {
    .many(
      map { element in
        if case .one(let word) = element.settingText { word } else { "" }
      })
  }
}

/// Named texts that pass through to someone who knows their names.
extension Dictionary: SettingValue where Key == String, Value == String {
  public static var form: SettingForm {
    SettingForm(placeholder: "KEY=VALUE", expected: "keys with a text each", shape: .entries)
  }

  public init?(setting text: SettingText) {
    guard case .entries(let entries) = text else { return nil }
    self = entries
  }

  public var settingText: SettingText { .entries(self) }
}

/// The parts of a comma-separated text, without blanks around them; none for an empty text.
func separated(_ text: String) -> [String] {
  text.split(separator: ",", omittingEmptySubsequences: true)
    .map { trimmed($0) }
    .filter { !$0.isEmpty }
}

func trimmed(_ text: Substring) -> String {
  var text = text
  while let first = text.first, first.isWhitespace { text.removeFirst() }
  while let last = text.last, last.isWhitespace { text.removeLast() }
  return String(text)
}
