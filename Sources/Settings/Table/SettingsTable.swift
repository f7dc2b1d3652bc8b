/// All settings of a program, in the order in which they are documented.
public struct SettingsTable: Sendable {
  /// Settings that belong together: a section of the YAML file and of `--help`.
  public struct Group: Sendable {
    public let title: String
    public let summary: String
    public let settings: [any AnySetting]

    /// - Parameter title: Where every key starts with it and a dot (`kafka.brokers`), it is the section in the YAML file too.
    public init(_ title: String, summary: String, _ settings: [any AnySetting]) {
      self.title = title
      self.summary = summary
      self.settings = settings
    }
  }

  /// An impossible combination of settings, found once each of them is right by itself.
  public struct Rule: Sendable {
    let commands: [String]
    let check: @Sendable (SettingValues) -> String?

    /// - Parameters:
    ///   - commands: Where it holds; empty for all.
    ///   - check: The problem, naming the keys (never a secret's value), or nil.
    public init(for commands: [String] = [], _ check: @escaping @Sendable (SettingValues) -> String?) {
      self.commands = commands
      self.check = check
    }
  }

  /// Before every environment variable of the program: `SENTIMENT_`.
  public let environmentPrefix: String
  /// Variables with that prefix that somebody else reads; they are no settings and no mistakes.
  public let otherVariables: Set<String>
  public let groups: [Group]
  public let rules: [Rule]
  let settings: [any AnySetting]
  let rows: [SettingRow]

  public init(environmentPrefix: String, otherVariables: Set<String> = [], groups: [Group], rules: [Rule] = []) {
    self.environmentPrefix = environmentPrefix
    self.otherVariables = otherVariables
    self.groups = groups
    self.rules = rules
    settings = groups.flatMap(\.settings)
    rows = settings.map(\.row)
  }

  /// Every setting at its default, for tests and for what runs without a command line.
  public var defaults: SettingValues { SettingValues(table: self) }

  /// The flag and variable that name the YAML file, the one setting that is declared here.
  static let configKey = "config"
  var configVariable: String { environmentPrefix + "CONFIG" }

  func setting(for key: String) -> (any AnySetting)? { settings.first { $0.row.key == key } }

  /// The innermost pass-through row that `key` lies under.
  func passThrough(over key: String) -> SettingRow? {
    rows.filter { $0.passThrough != nil && key.hasPrefix($0.key + ".") }.max { $0.key.utf8.count < $1.key.utf8.count }
  }

  /// Whether declared keys lie under `key`.
  func isSection(_ key: String) -> Bool {
    rows.contains { !$0.isCommandLineOnly && $0.key.hasPrefix(key + ".") }
  }

  /// Whether the value at `key`, a declared one or a pass-through entry, must not be printed.
  func isSecret(_ key: String) -> Bool {
    if let row = setting(for: key)?.row { return row.isSecret }
    guard let row = passThrough(over: key), let passThrough = row.passThrough else { return false }
    return passThrough.hides(String(key.dropFirst(row.key.count + 1)))
  }
}
