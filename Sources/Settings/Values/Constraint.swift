/// What a setting allows beyond its type, with the words that tell it.
public struct Constraint<Value: SettingValue>: Sendable {
  /// Where the words go: after those of the type (`a whole number` + ` ` + `from 1 to 8`) or in their place.
  private enum Words: Sendable {
    case none
    case after(String, separator: String)
    case instead(String)
  }

  private let words: Words
  let allows: @Sendable (Value) -> Bool

  private init(_ words: Words, _ allows: @escaping @Sendable (Value) -> Bool) {
    self.words = words
    self.allows = allows
  }

  /// Every value of the type.
  public static var any: Constraint { Constraint(.none) { _ in true } }

  /// Values that pass `test`; `expected` ends the sentence "expected …", such as `a JSON Pointer such as /text`.
  public static func matching(_ expected: String, _ test: @escaping @Sendable (Value) -> Bool) -> Constraint {
    Constraint(.instead(expected), test)
  }

  /// The whole phrase for messages: `a whole number from 1 to 8`.
  func expected(unit: String?) -> String {
    let form = Value.form.expected
    let unit = unit.map { " " + $0 } ?? ""
    switch words {
    case .none: return form
    case .after(let range, let separator): return form + separator + range + unit
    case .instead(let phrase): return phrase
    }
  }

  /// The range alone: `from 1 to 8`; nil where there is none.
  var range: String? {
    switch words {
    case .none, .instead: nil
    case .after(let range, _): range
    }
  }
}

extension Constraint where Value: Comparable {
  public static func range(_ range: ClosedRange<Value>) -> Constraint {
    Constraint(.after("from \(written(range.lowerBound)) to \(written(range.upperBound))", separator: " ")) { range.contains($0) }
  }

  public static func atLeast(_ minimum: Value) -> Constraint {
    Constraint(.after("at least \(written(minimum))", separator: ", ")) { $0 >= minimum }
  }
}

extension Constraint where Value == String {
  public static var notEmpty: Constraint { Constraint(.instead("text that is not empty")) { !$0.isEmpty } }
}

extension Constraint {
  public static func range<Wrapped>(_ range: ClosedRange<Wrapped>) -> Constraint
  where Value == Wrapped?, Wrapped: SettingValue & Comparable {
    let inner = Constraint<Wrapped>.range(range)
    return optional(inner)
  }

  public static func atLeast<Wrapped>(_ minimum: Wrapped) -> Constraint
  where Value == Wrapped?, Wrapped: SettingValue & Comparable {
    optional(Constraint<Wrapped>.atLeast(minimum))
  }

  /// What `inner` allows, or no value.
  public static func optional<Wrapped>(_ inner: Constraint<Wrapped>) -> Constraint
  where Value == Wrapped?, Wrapped: SettingValue {
    let words: Words =
      switch inner.words {
      case .none: .none
      case .after(let text, let separator): .after(text, separator: separator)
      case .instead(let text): .instead(text)
      }
    return Constraint(words) { value in value.map { inner.allows($0) } ?? true }
  }
}

/// A single value as a user would write it.
func written(_ value: some SettingValue) -> String {
  if case .one(let text) = value.settingText { text } else { "" }
}
