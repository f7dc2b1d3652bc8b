extension ProgramSpecification {
  func fishCompletion() -> String {
    let function = "__" + shellIdentifier
    let complete = "complete -c \(name)"
    var lines = [
      "# fish completion for \(name); made by \"\(name) completion fish\".",
      "function \(function)_needs_command",
      "  test (count (commandline -opc)) -eq 1",
      "end",
      "function \(function)_using",
      "  set -l words (commandline -opc)",
      "  test (count $words) -gt 1; and test $words[2] = $argv[1]",
      "end",
      "\(complete) -f",
      "\(complete) -n \(function)_needs_command -s h -l help -d 'Show help.'",
      "\(complete) -n \(function)_needs_command -l version -d 'Show versions.'",
    ]
    var commands = visibleCommands.map { ($0.name, $0.summary) }
    commands.append((ProgramSpecification.completionCommand, "Print the completion script of a shell."))
    commands.append((ProgramSpecification.helpCommand, "Show the help of a command."))
    lines += commands.map { "\(complete) -n \(function)_needs_command -a \($0.0) -d \(fishQuoted($0.1))" }
    for command in visibleCommands {
      let prefix = "\(complete) -n '\(function)_using \(command.name)'"
      for row in visibleRows(of: command) {
        guard let flag = row.flag else { continue }
        let summary = fishQuoted(row.summary)
        if row.form.isSwitch {
          lines += ["\(prefix) -l \(flag) -d \(summary)", "\(prefix) -l no-\(flag) -d \(fishQuoted("Not: " + row.summary))"]
          continue
        }
        let short = row.shortFlag.map { " -s \($0)" } ?? ""
        let value =
          row.form.choices.isEmpty
          ? fishValue(row.completes) : "-x -a \(fishQuoted(row.form.choices.joined(separator: " ")))"
        lines.append("\(prefix)\(short) -l \(flag) \(value) -d \(summary)")
      }
      lines.append("\(prefix) -l \(SettingsTable.configKey) \(fishValue(.file)) -d 'YAML file with settings.'")
      lines.append("\(prefix) -s h -l help -d 'Show help.'")
      if case .words(let words) = command.arguments.first?.completes {
        lines.append("\(prefix) -n 'test (count (commandline -opc)) -eq 2' -a \(fishQuoted(words.joined(separator: " ")))")
      }
      if command.arguments.contains(where: { $0.completes == .file }) { lines.append("\(prefix) -F") }
      if command.arguments.contains(where: { $0.completes == .directory }) {
        lines.append("\(prefix) -a '(__fish_complete_directories)'")
      }
    }
    let shells = Shell.form.choices.joined(separator: " ")
    lines.append("\(complete) -n '\(function)_using completion' -a '\(shells)'")
    lines.append("\(complete) -n '\(function)_using help' -a '\(visibleCommands.map(\.name).joined(separator: " "))'")
    return lines.joined(separator: "\n") + "\n"
  }
}

private func fishValue(_ completion: Completion) -> String {
  switch completion {
  case .nothing: "-x"
  case .file: "-r -F"
  case .directory: "-x -a '(__fish_complete_directories)'"
  case .words(let words): "-x -a \(fishQuoted(words.joined(separator: " ")))"
  }
}

private func fishQuoted(_ text: String) -> String {
  "'" + text.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "'"
}
