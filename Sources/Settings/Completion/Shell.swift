/// A shell that has a completion script.
public enum Shell: String, SettingChoice { case bash, zsh, fish }

extension ProgramSpecification {
  /// A script that completes commands, flags and their values in `shell`.
  public func completionScript(for shell: Shell) -> String {
    switch shell {
    case .bash: bashCompletion()
    case .zsh: zshCompletion()
    case .fish: fishCompletion()
    }
  }

  /// The program's name as part of a shell function's name.
  var shellIdentifier: String { String(name.map { $0.isLetter || $0.isNumber ? $0 : "_" }) }

  /// Spellings of the flags of a command, `--help` and `--config` included.
  func flagWords(of command: CommandSpecification) -> [String] {
    visibleRows(of: command).flatMap { row -> [String] in
      guard let flag = row.flag else { return [] }
      return row.form.isSwitch ? ["--\(flag)", "--no-\(flag)"] : ["--\(flag)"]
    } + ["--\(SettingsTable.configKey)", "--help"]
  }
}

/// One word for bash and zsh.
func shellQuoted(_ text: String) -> String {
  "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}
