extension ProgramSpecification {
  /// The help of the program: what it is, examples, commands.
  public func help(width: Int = 80) -> String {
    var lines = wrapped("\(name): \(summary)", width: width)
    lines += ["", "Usage: \(name) COMMAND [OPTIONS]"]
    if !discussion.isEmpty { lines += [""] + wrapped(discussion, width: width) }
    lines += exampleLines(examples, width: width)
    lines += ["", "Commands:"]
    let more = [
      (ProgramSpecification.completionCommand, "Print the completion script of a shell: \(Shell.form.expected)."),
      (ProgramSpecification.helpCommand, "Show this, or the help of a command."),
    ]
    lines += columns(visibleCommands.map { ($0.name, $0.summary) } + more, width: width)
    lines += [""]
    lines += wrapped(
      "Settings come from the YAML file of --config, over it environment variables (\(table.environmentPrefix)…), over those flags.",
      width: width)
    lines += wrapped("\"\(name) COMMAND --help\" shows a command with examples; --version shows versions.", width: width)
    return lines.joined(separator: "\n") + "\n"
  }

  /// The help of a command: usage, what it does, examples, then its options by group.
  public func help(for command: CommandSpecification, width: Int = 80) -> String {
    let arguments = command.arguments.map { " " + $0.usage }.joined()
    var lines = ["Usage: \(name) \(command.name) [OPTIONS]\(arguments)", ""]
    lines += wrapped(command.summary, width: width)
    if !command.discussion.isEmpty { lines += [""] + wrapped(command.discussion, width: width) }
    lines += exampleLines(command.examples, width: width)
    if !command.arguments.isEmpty {
      lines += ["", "Arguments:"]
      lines += columns(command.arguments.map { ($0.usage, $0.summary) }, width: width)
    }
    let rows = visibleRows(of: command)
    for group in table.groups {
      let members = group.settings.map(\.row).filter { row in rows.contains { $0.key == row.key } }
      guard !members.isEmpty else { continue }
      lines += [""] + wrapped("\(capitalised(group.title)): \(group.summary)", width: width)
      for row in members { lines += option(row, command: command, width: width) }
    }
    lines += ["", "Everywhere:"]
    lines.append("  --config FILE")
    lines += wrapped("YAML file with settings. [\(table.configVariable)]", width: width, indent: 6)
    lines += ["  -h, --help", "      Show this."]
    return lines.joined(separator: "\n") + "\n"
  }

  private func option(_ row: SettingRow, command: CommandSpecification, width: Int) -> [String] {
    var facts: [String] = []
    if let range = row.range {
      facts.append(range + (row.unit.map { " " + $0 } ?? ""))
    } else if let unit = row.unit {
      facts.append("in " + unit)
    }
    if row.requiredBy.contains(command.name) {
      facts.append("required")
    } else if let phrase = row.defaultPhrase, phrase != "none" {
      facts.append("default: " + phrase)
    }
    if row.form.shape == .many { facts.append("repeatable, or comma-separated") }
    if row.form.shape == .entries { facts.append("repeatable") }
    if let variable = row.environmentName(prefix: table.environmentPrefix) {
      facts.append(row.passThrough == nil ? variable : variable + "_…")
    }
    let text = facts.isEmpty ? row.summary : "\(row.summary) [\(facts.joined(separator: "; "))]"
    return wrapped(row.usage ?? "", width: width, indent: 2) + wrapped(text, width: width, indent: 6)
  }

  private func exampleLines(_ examples: [CommandSpecification.Example], width: Int) -> [String] {
    guard !examples.isEmpty else { return [] }
    // A command line is copied as a whole, so only its purpose wraps.
    return ["", "Examples:"] + examples.flatMap { ["  " + $0.line] + wrapped($0.purpose, width: width, indent: 6) }
  }

  func completionHelp() -> String {
    """
    Usage: \(name) completion \(Shell.form.placeholder)

    Prints the completion script of a shell.

    Examples:
      source <(\(name) completion bash)
          For this bash; put the line into ~/.bashrc for every one.
      \(name) completion zsh > "${fpath[1]}/_\(name)"
          For zsh, from its next start.
      \(name) completion fish > ~/.config/fish/completions/\(name).fish
          For fish.

    """
  }
}

/// Names with a text each, the texts aligned.
private func columns(_ entries: [(String, String)], width: Int) -> [String] {
  let margin = (entries.map(\.0.count).max() ?? 0) + 4
  return entries.flatMap { name, text in
    var lines = wrapped(text, width: width, indent: margin)
    guard let first = lines.first else { return ["  " + name] }
    lines[0] = "  " + name + first.dropFirst(name.count + 2)
    return lines
  }
}
