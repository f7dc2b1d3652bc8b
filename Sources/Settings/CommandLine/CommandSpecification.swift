/// One command of a program: what it does and which settings it takes as flags.
public struct CommandSpecification: Sendable {
  /// A command line that works, and what it is for.
  public struct Example: Sendable {
    public let line: String
    public let purpose: String

    public init(_ line: String, _ purpose: String) {
      self.line = line
      self.purpose = purpose
    }
  }

  /// What stands on the command line without a flag.
  public struct Argument: Sendable {
    public let name: String
    /// How many there may be; `0...Int.max` for any number.
    public let arity: ClosedRange<Int>
    public let summary: String
    public let completes: Completion

    public init(_ name: String, arity: ClosedRange<Int> = 1...1, summary: String, completes: Completion = .nothing) {
      self.name = name
      self.arity = arity
      self.summary = summary
      self.completes = completes
    }

    /// `TEXT`, `[TEXT]`, `TEXT…`, `[TEXT…]`.
    var usage: String {
      let name = arity.upperBound > 1 ? name + "…" : name
      return arity.lowerBound == 0 ? "[\(name)]" : name
    }
  }

  public let name: String
  public let summary: String
  public let discussion: String
  public let examples: [Example]
  /// Rows of the table that are flags of this command. The YAML file and the environment may hold all of the table.
  public let settings: [any AnySetting]
  public let arguments: [Argument]
  public let isHidden: Bool

  public init(
    _ name: String, summary: String, discussion: String = "", examples: [Example] = [], settings: [any AnySetting] = [],
    arguments: [Argument] = [], hidden: Bool = false
  ) {
    self.name = name
    self.summary = summary
    self.discussion = discussion
    self.examples = examples
    self.settings = settings
    self.arguments = arguments
    isHidden = hidden
  }
}

/// A whole program: its commands over one table of settings.
public struct ProgramSpecification: Sendable {
  public let name: String
  public let summary: String
  public let discussion: String
  public let examples: [CommandSpecification.Example]
  public let commands: [CommandSpecification]
  public let table: SettingsTable

  public init(
    _ name: String, summary: String, discussion: String = "", examples: [CommandSpecification.Example] = [],
    commands: [CommandSpecification], table: SettingsTable
  ) {
    self.name = name
    self.summary = summary
    self.discussion = discussion
    self.examples = examples
    self.commands = commands
    self.table = table
  }

  /// Commands that every program has.
  static let helpCommand = "help"
  static let completionCommand = "completion"

  var visibleCommands: [CommandSpecification] { commands.filter { !$0.isHidden } }

  /// The flags of a command together, hidden ones left out.
  func visibleRows(of command: CommandSpecification) -> [SettingRow] {
    command.settings.map(\.row).filter { $0.flag != nil && !$0.isHidden }
  }

  /// Mistakes in the declaration itself, the table's included, for a test to find. Empty for a sound program.
  public func problems() -> [String] {
    var problems = table.problems()
    let keys = Set(table.rows.map(\.key))
    var names: Set<String> = [ProgramSpecification.helpCommand, ProgramSpecification.completionCommand]
    for command in commands {
      if !isFlag(command.name) { problems.append("command \"\(command.name)\": use lower-case words with \"-\"") }
      if !names.insert(command.name).inserted { problems.append("command \"\(command.name)\" is declared twice") }
      var flags: Set<String> = ["help", "version", SettingsTable.configKey]
      var short: Set<Character> = ["h"]
      for row in command.settings.map(\.row) {
        if !keys.contains(row.key) { problems.append("\(command.name): \"\(row.key)\" is not in the table") }
        guard let flag = row.flag else {
          problems.append("\(command.name): \"\(row.key)\" has no flag")
          continue
        }
        let spellings = row.form.isSwitch ? [flag, "no-" + flag] : [flag]
        for spelling in spellings where !flags.insert(spelling).inserted {
          problems.append("\(command.name): flag \"--\(spelling)\" has two meanings")
        }
        if let letter = row.shortFlag, !short.insert(letter).inserted {
          problems.append("\(command.name): flag \"-\(letter)\" has two meanings")
        }
        for choice in row.form.choices where !choice.unicodeScalars.allSatisfy(\.isNamePart) {
          problems.append("\"\(row.key)\": choice \"\(choice)\" holds more than letters, digits, \".\", \"-\" and \"_\"")
        }
      }
      for example in command.examples { problems += problemsOf(example, command: command, flags: flags) }
    }
    for row in table.rows {
      for name in row.requiredBy where !commands.contains(where: { $0.name == name }) {
        problems.append("\"\(row.key)\" is required by \"\(name)\", which is no command")
      }
    }
    return problems
  }

  /// An example teaches what it shows, so its flags have to exist.
  private func problemsOf(_ example: CommandSpecification.Example, command: CommandSpecification, flags: Set<String>) -> [String]
  {
    let words = example.line.split(separator: " ")
    guard let start = words.firstIndex(where: { $0 == name }) else { return ["\(command.name): an example without \(name)"] }
    return words[start...].prefix { !["|", ">", "<", "&&"].contains($0) }.compactMap { word in
      guard word.hasPrefix("--"), word != "--", let flag = word.dropFirst(2).split(separator: "=").first else { return nil }
      return flags.contains(String(flag)) ? nil : "\(command.name): an example shows --\(flag), which is no flag of it"
    }
  }
}
