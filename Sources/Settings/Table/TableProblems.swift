extension SettingsTable {
  /// Mistakes in the declaration itself, for a test to find: two rows with one key, flag or variable; malformed names;
  /// defaults that are out of their own range. Empty for a sound table.
  public func problems() -> [String] {
    var problems: [String] = []
    var keys: Set<String> = []
    var variables: Set<String> = [configVariable]
    var flags: Set<String> = []
    var short: Set<Character> = []
    for setting in settings {
      let row = setting.row
      if !isKey(row.key) { problems.append("key \"\(row.key)\": use lower-case words with \"-\" and \".\"") }
      if !keys.insert(row.key).inserted { problems.append("key \"\(row.key)\" is declared twice") }
      if let variable = row.environmentName(prefix: environmentPrefix), !variables.insert(variable).inserted {
        problems.append("variable \(variable) of \"\(row.key)\" is taken")
      }
      if row.isSecret, let variable = row.environmentName(prefix: environmentPrefix),
        !variables.insert(variable + "_FILE").inserted
      {
        problems.append("variable \(variable)_FILE of \"\(row.key)\" is taken")
      }
      // Flags of one command only may meet again in another; `ProgramSpecification.problems()` looks at each command.
      if let flag = row.flag {
        if !isFlag(flag) { problems.append("flag \"--\(flag)\": use lower-case words with \"-\"") }
        if !row.isCommandLineOnly, !flags.insert(flag).inserted { problems.append("flag \"--\(flag)\" is declared twice") }
      } else if row.isCommandLineOnly {
        problems.append("\"\(row.key)\" is for the command line only but has no flag")
      }
      if let letter = row.shortFlag, !row.isCommandLineOnly, !short.insert(letter).inserted {
        problems.append("flag \"-\(letter)\" is declared twice")
      }
      if row.summary.isEmpty { problems.append("\"\(row.key)\" has no summary") }
      if row.passThrough == nil, row.requiredBy.isEmpty, row.defaultText != .none, setting.read(row.defaultText) == nil {
        problems.append("the default of \"\(row.key)\" is not \(row.expected)")
      }
      if let example = row.example, row.passThrough == nil, setting.read(.one(example)) == nil {
        problems.append("the example of \"\(row.key)\" is not \(row.expected)")
      }
      if row.isSecret, row.form.shape != .one { problems.append("\"\(row.key)\": only a single value can be secret") }
    }
    for row in rows where row.passThrough == nil && isSection(row.key) {
      problems.append("\"\(row.key)\" has a value and other keys under it")
    }
    return problems
  }
}

private func isKey(_ key: String) -> Bool {
  key.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isFlag($0) }
}

/// Lower-case letters, digits and dashes, a letter first.
func isFlag(_ name: some StringProtocol) -> Bool {
  guard let first = name.unicodeScalars.first, ("a"..."z").contains(first) else { return false }
  return name.unicodeScalars.allSatisfy { ("a"..."z").contains($0) || ("0"..."9").contains($0) || $0 == "-" }
}
