extension ProgramSpecification {
  /// For a file `_program` in `$fpath`, or to be sourced after `compinit`.
  func zshCompletion() -> String {
    let function = "_" + shellIdentifier
    var commands = visibleCommands.map { ($0.name, $0.summary) }
    commands.append((ProgramSpecification.completionCommand, "Print the completion script of a shell."))
    commands.append((ProgramSpecification.helpCommand, "Show the help of a command."))
    var lines = [
      "#compdef \(name)",
      "# zsh completion for \(name); made by \"\(name) completion zsh\".",
      "\(function)() {",
      "  local state line ret=1",
      "  local -a commands",
      "  typeset -A opt_args",
      "  commands=(",
    ]
    lines += commands.map { "    " + shellQuoted("\($0.0):\(zshEscaped($0.1, ":"))") }
    lines += [
      "  )",
      "  _arguments -C '(-h --help)'{-h,--help}'[show help]' '--version[show versions]' \\",
      "    '1:command:->command' '*::argument:->argument' && ret=0",
      "  case $state in",
      "    command) _describe -t commands command commands && ret=0 ;;",
      "    argument)",
      "      case ${line[1]} in",
    ]
    for command in visibleCommands {
      lines.append("        \(command.name))")
      lines.append("          _arguments \\")
      lines += zshSpecifications(of: command).map { "            \(shellQuoted($0)) \\" }
      lines += ["            '(- *)'{-h,--help}'[show help]' && ret=0", "          ;;"]
    }
    lines += [
      "        completion) _arguments '1:shell:(\(Shell.form.choices.joined(separator: " ")))' && ret=0 ;;",
      "        help) _describe -t commands command commands && ret=0 ;;",
      "      esac",
      "      ;;",
      "  esac",
      "  return ret",
      "}",
      "if [ \"$funcstack[1]\" = \(function) ]; then \(function) \"$@\"; else compdef \(function) \(name); fi",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private func zshSpecifications(of command: CommandSpecification) -> [String] {
    var specifications: [String] = []
    for row in visibleRows(of: command) {
      guard let flag = row.flag else { continue }
      let summary = zshEscaped(row.summary, "[]:")
      if row.form.isSwitch {
        specifications += ["(--no-\(flag))--\(flag)[\(summary)]", "(--\(flag))--no-\(flag)[not: \(summary)]"]
        continue
      }
      let action =
        row.form.choices.isEmpty ? zshAction(row.completes) : "(\(row.form.choices.joined(separator: " ")))"
      let repeats = row.form.shape == .one ? "" : "*"
      let value = ":\(zshEscaped(row.form.placeholder, ":")):\(action)"
      specifications.append("\(repeats)--\(flag)=[\(summary)]\(value)")
      if let letter = row.shortFlag { specifications.append("\(repeats)-\(letter)[\(summary)]\(value)") }
    }
    specifications.append("--\(SettingsTable.configKey)=[YAML file with settings]:FILE:_files")
    for (index, argument) in command.arguments.enumerated() {
      let position = argument.arity.upperBound == 1 ? "\(index + 1)" : "*"
      specifications.append("\(position):\(zshEscaped(argument.name, ":")):\(zshAction(argument.completes))")
    }
    return specifications
  }
}

private func zshAction(_ completion: Completion) -> String {
  switch completion {
  case .nothing: " "
  case .file: "_files"
  case .directory: "_files -/"
  case .words(let words): "(\(words.joined(separator: " ")))"
  }
}

/// Backslashes before what ends a part of a specification.
private func zshEscaped(_ text: String, _ special: String) -> String {
  text.map { special.contains($0) || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
}
