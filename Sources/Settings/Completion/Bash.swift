extension ProgramSpecification {
  /// Needs nothing beyond bash 4; keeps file names with blanks whole.
  func bashCompletion() -> String {
    let function = "_" + shellIdentifier
    let builtin = [ProgramSpecification.completionCommand, ProgramSpecification.helpCommand]
    let names = (visibleCommands.map(\.name) + builtin).joined(separator: " ")
    var lines = [
      "# bash completion for \(name); made by \"\(name) completion bash\".",
      "\(function)_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$2\"); }",
      "\(function)_files() { compopt -o filenames; mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$2\"); }",
      "\(function)() {",
      "  local word=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\"",
      "  # bash splits --flag=value into three words.",
      "  if [[ $word == '=' ]]; then word=''",
      "  elif [[ $before == '=' ]]; then before=\"${COMP_WORDS[COMP_CWORD-2]}\"; fi",
      "  COMPREPLY=()",
      "  if (( COMP_CWORD == 1 )); then",
      "    \(function)_words \(shellQuoted(names + " --help --version")) \"$word\"",
      "    return",
      "  fi",
      "  case \"${COMP_WORDS[1]}\" in",
    ]
    for command in visibleCommands { lines += bashCase(command, function: function) }
    lines += [
      "    completion) \(function)_words \(shellQuoted(Shell.form.choices.joined(separator: " "))) \"$word\" ;;",
      "    help) \(function)_words \(shellQuoted(names)) \"$word\" ;;",
      "  esac",
      "}",
      "complete -F \(function) \(name)",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private func bashCase(_ command: CommandSpecification, function: String) -> [String] {
    var lines = ["    \(command.name))", "      case \"$before\" in"]
    var silent: [String] = []
    for row in visibleRows(of: command) where !row.form.isSwitch {
      let flags = ["--\(row.flag ?? "")"] + (row.shortFlag.map { ["-\($0)"] } ?? [])
      if !row.form.choices.isEmpty {
        let words = shellQuoted(row.form.choices.joined(separator: " "))
        lines.append("        \(flags.joined(separator: "|"))) \(function)_words \(words) \"$word\"; return ;;")
      } else if let option = bashOption(row.completes) {
        lines.append("        \(flags.joined(separator: "|"))) \(function)_files \(option) \"$word\"; return ;;")
      } else {
        silent += flags
      }
    }
    lines.append("        --\(SettingsTable.configKey)) \(function)_files -f \"$word\"; return ;;")
    if !silent.isEmpty { lines.append("        \(silent.joined(separator: "|"))) return ;;") }
    lines.append("      esac")
    let flags = "\(function)_words \(shellQuoted(flagWords(of: command).joined(separator: " "))) \"$word\""
    var branches = ["if [[ $word == -* ]]; then \(flags)"]
    if case .words(let words) = command.arguments.first?.completes {
      branches.append("elif (( COMP_CWORD == 2 )); then \(function)_words \(shellQuoted(words.joined(separator: " "))) \"$word\"")
    }
    if let option = command.arguments.lazy.compactMap({ bashOption($0.completes) }).first {
      branches.append("else \(function)_files \(option) \"$word\"")
    }
    lines.append("      " + (branches.count == 1 ? flags : branches.joined(separator: "; ") + "; fi"))
    return lines + ["      ;;"]
  }
}

private func bashOption(_ completion: Completion) -> String? {
  switch completion {
  case .nothing, .words: nil
  case .file: "-f"
  case .directory: "-d"
  }
}
