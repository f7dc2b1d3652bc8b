/// What the command line gives after the name of a command.
struct FlagLayer {
  private let program: ProgramSpecification
  private let command: CommandSpecification
  private let rows: [SettingRow]
  private(set) var positional: [String] = []
  private(set) var configPath: String?
  private(set) var wantsHelp = false
  private(set) var wantsVersion = false
  private var collected: [Assignment] = []
  /// Items of list flags, which add up.
  private var lists: [String: [String]] = [:]
  private(set) var problems = ProblemList()
  /// From here on a stray word may be part of a secret that lost its quotation marks, so that it is not shown.
  private var mayHoldSecrets = false

  init(_ arguments: ArraySlice<String>, program: ProgramSpecification, command: CommandSpecification) {
    self.program = program
    self.command = command
    rows = command.settings.map(\.row)
    scan(arguments)
  }

  /// In the order of the command line.
  var assignments: [Assignment] {
    collected
      + lists.sorted { $0.key < $1.key }.map { key, items in
        let flag = rows.first { $0.key == key }?.flag ?? key
        return Assignment(key: key, entry: nil, text: .many(items), source: .flag("--\(flag)"), isFileName: false)
      }
  }

  private mutating func scan(_ arguments: ArraySlice<String>) {
    var rest = arguments
    while let word = rest.popFirst() {
      if word == "--" {
        for word in rest { addPositional(word) }
        return
      }
      if word.hasPrefix("--") {
        let (name, value) = splitAtEquals(word)
        flag(String(name.dropFirst(2)), shown: name, value: value, &rest)
      } else if word.hasPrefix("-"), word != "-" {
        let letter = word.dropFirst().first
        if word.dropFirst().count == 1, let row = rows.first(where: { $0.shortFlag == letter }), let name = row.flag {
          flag(name, shown: word, value: nil, &rest)
        } else if word == "-h" {
          wantsHelp = true
        } else {
          // Of "-phunter2" only the letter.
          let shown = mayHoldSecrets ? "" : " " + quoted(word.prefix(2) + (word.count > 2 ? "…" : ""))
          problems.add("unknown flag\(shown); an argument that starts with \"-\" goes after \"--\"")
          mayHoldSecrets = true
        }
      } else {
        addPositional(word)
      }
    }
  }

  private mutating func flag(_ name: String, shown: String, value: String?, _ rest: inout ArraySlice<String>) {
    if name == "help" || name == "version" {
      if name == "help" { wantsHelp = true } else { wantsVersion = true }
      return
    }
    if name == SettingsTable.configKey {
      guard let path = value ?? next(&rest) else { return problems.add("\(shown) needs a value: \(shown) FILE") }
      configPath = path
      return
    }
    if let row = rows.first(where: { $0.flag == name }) {
      if row.form.isSwitch, value == nil { return collect(row, .one("true"), shown) }
      if row.isSecret || row.passThrough != nil { mayHoldSecrets = true }
      guard let value = value ?? (row.isSecret ? nextOfSecret(&rest) : next(&rest)) else {
        return problems.add("\(shown) needs a value: \(shown) \(row.form.placeholder)")
      }
      return take(row, value, shown)
    }
    if name.hasPrefix("no-"), let row = rows.first(where: { $0.form.isSwitch && $0.flag == String(name.dropFirst(3)) }) {
      if value == nil { return collect(row, .one("false"), shown) }
      return problems.add("\(shown) takes no value")
    }
    unknown(name)
    // The word after it is most likely its value, and that may be a secret: not an argument to complain about.
    if value == nil, rest.first?.hasPrefix("-") == false { _ = rest.popFirst() }
    mayHoldSecrets = true
  }

  private mutating func take(_ row: SettingRow, _ value: String, _ shown: String) {
    switch row.form.shape {
    case .one: collect(row, .one(value), shown)
    case .many: lists[row.key, default: []] += separated(value)
    case .entries:
      let (name, text) = splitAtEquals(value)
      guard let text else {
        return problems.add("\(shown): expected \(row.form.placeholder), with \"=\" and without blanks around it")
      }
      let entry = EntryName(name)
      if let row = program.table.setting(for: "\(row.key).\(entry.name)")?.row, let flag = row.flag {
        return problems.add("\(shown) \(entry.name)=…: this setting has a flag of its own; use --\(flag)")
      }
      if let problem = entry.problem(under: row, table: program.table) { return problems.add("\(shown): \(problem)") }
      collected.append(
        Assignment(
          key: row.key, entry: entry.name, text: .one(text),
          source: .flag("\(shown) \(entry.name)"), isFileName: entry.isFileName))
    }
  }

  private mutating func collect(_ row: SettingRow, _ text: SettingText, _ shown: String) {
    collected.append(Assignment(key: row.key, entry: nil, text: text, source: .flag(shown), isFileName: false))
  }

  /// The value that follows a flag; another flag is none, while `-` and `-1` are.
  private func next(_ rest: inout ArraySlice<String>) -> String? {
    guard let word = rest.first, !word.hasPrefix("--") else { return nil }
    return rest.popFirst()
  }

  /// A secret may start with anything; only what is a flag of this command is taken for one, so that no message shows it.
  private func nextOfSecret(_ rest: inout ArraySlice<String>) -> String? {
    guard let word = rest.first, !knownWords.contains(splitAtEquals(word).name) else { return nil }
    return rest.popFirst()
  }

  private var knownWords: [String] {
    ["--help", "--version", "--\(SettingsTable.configKey)"] + rows.compactMap(\.flag).flatMap { ["--\($0)", "--no-\($0)"] }
  }

  private mutating func unknown(_ name: String) {
    let shown = quotedName("--" + name)
    let owners = program.commands.filter { other in !other.isHidden && other.settings.contains { $0.row.flag == name } }
    if !owners.isEmpty {
      let names = listed(owners.map(\.name), last: "and")
      return problems.add("\(shown) is no flag of \(command.name); it belongs to \(names)")
    }
    var known = rows.filter { !$0.isHidden }.compactMap(\.flag) + [SettingsTable.configKey, "help"]
    known += rows.filter { $0.form.isSwitch }.compactMap(\.flag).map { "no-" + $0 }
    let near = nearestName(to: name, among: known).map { "; did you mean \"--\($0)\"?" } ?? ""
    problems.add("unknown flag \(shown)\(near)")
  }

  private mutating func addPositional(_ word: String) {
    positional.append(word)
    let most = command.arguments.reduce(0) {
      $0.addingReportingOverflow($1.arity.upperBound).overflow ? .max : $0 + $1.arity.upperBound
    }
    guard positional.count > most else { return }
    let shown = mayHoldSecrets ? "" : " \(quoted(word))"
    let takes = most == 0 ? "takes no arguments" : "takes at most \(most)"
    problems.add(
      "unexpected argument\(shown): \(command.name) \(takes)\(mayHoldSecrets ? "; quote a value that holds blanks" : "")")
  }
}

/// `--lanes=3` → `--lanes` and `3`. By bytes: a `=` with a combining mark after it is still one to every shell.
func splitAtEquals(_ word: String) -> (name: String, value: String?) {
  guard let equals = word.utf8.firstIndex(of: UInt8(ascii: "=")) else { return (word, nil) }
  return (String(word[..<equals]), String(word[word.utf8.index(after: equals)...]))
}
