/// Where the value of a setting came from.
public enum SettingSource: Sendable, Hashable, CustomStringConvertible {
  case `default`
  /// A YAML file; line and column count from 1.
  case file(path: String, line: Int, column: Int)
  case environment(String)
  case flag(String)

  public var description: String {
    switch self {
    case .default: "default"
    case .file(let path, let line, let column): "\(path):\(line):\(column)"
    case .environment(let name): name
    case .flag(let flag): flag
    }
  }
}

/// The settings in force: every one of the table has a value, whoever gave it.
public struct SettingValues: Sendable {
  let table: SettingsTable
  private var values: [String: any SettingValue] = [:]
  /// By key; by `key.entry` for pass-through entries. What is absent is at its default.
  private var sources: [String: SettingSource] = [:]

  init(table: SettingsTable) { self.table = table }

  /// The value of a row of the table.
  public subscript<Value>(_ setting: Setting<Value>) -> Value {
    values[setting.row.key] as? Value ?? setting.defaultValue
  }

  public func source<Value>(of setting: Setting<Value>) -> SettingSource { sources[setting.row.key] ?? .default }

  /// Whether the value is another than the default. Rules ask this and not for the source, because a file may well
  /// spell out a default.
  public func differsFromDefault<Value>(_ setting: Setting<Value>) -> Bool {
    self[setting].settingText != setting.defaultValue.settingText
  }

  /// The source of one pass-through entry: `values.source(of: kafkaProperties, entry: "sasl.password")`.
  public func source(of setting: Setting<[String: String]>, entry: String) -> SettingSource {
    sources["\(setting.row.key).\(entry)"] ?? .default
  }

  /// The same with one value replaced, as if by a flag of that name.
  public func with<Value>(_ setting: Setting<Value>, _ value: Value) -> SettingValues {
    var copy = self
    copy.values[setting.row.key] = value
    copy.sources[setting.row.key] = .flag("--\(setting.row.flag ?? setting.row.key)")
    return copy
  }

  mutating func set(_ key: String, to value: any SettingValue, from source: SettingSource) {
    values[key] = value
    sources[key] = source
  }

  mutating func setEntry(_ entry: String, under key: String, to text: String, from source: SettingSource) {
    var entries = values[key] as? [String: String] ?? [:]
    entries[entry] = text
    values[key] = entries
    sources["\(key).\(entry)"] = source
  }

  func isSet(_ key: String) -> Bool { sources[key] != nil }

  /// Every setting with its value and source, in the table's order, secrets redacted. Settings of the command line only
  /// and hidden ones appear where they were given.
  public func effective() -> [EffectiveSetting] {
    var all: [EffectiveSetting] = []
    for setting in table.settings {
      let row = setting.row
      if let passThrough = row.passThrough {
        let entries = values[row.key] as? [String: String] ?? [:]
        for (name, text) in entries.sorted(by: { $0.key < $1.key }) {
          let key = "\(row.key).\(name)"
          all.append(
            EffectiveSetting(
              key: key, text: .one(text), isLiteral: false, source: sources[key] ?? .default, isSecret: passThrough.hides(name)))
        }
        continue
      }
      guard isSet(row.key) || !(row.isHidden || row.isCommandLineOnly) else { continue }
      let isUnset = !isSet(row.key) && !row.requiredBy.isEmpty
      all.append(
        EffectiveSetting(
          key: row.key, text: isUnset ? .none : (values[row.key] ?? setting.fallback).settingText, isLiteral: row.form.isLiteral,
          source: sources[row.key] ?? .default, isSecret: row.isSecret))
    }
    return all
  }
}
