extension SettingsTable {
  /// The documented configuration file: every key at its default with what it does, what is allowed, its variable and its
  /// flag. Keys without a default stand in comments. Reading the file back changes no setting.
  ///
  /// - Parameters:
  ///   - title: The first line.
  ///   - width: Of the comments, in characters.
  public func referenceYAML(title: String, width: Int = 100) -> String {
    var lines = comment(
      """
      \(title)

      Precedence: default < this file (--config FILE or \(configVariable)) < environment < flags.
      A key without a value counts as not given. "a.b: c" means the same as b under a.
      Durations take ns, us, ms, s, m, h or d; sizes B, kB, MB, GB (1000) or KiB, MiB, GiB (1024).
      """, indent: 0, width: width)
    for group in groups {
      let documented = group.settings.map(\.row).filter { !$0.isHidden && !$0.isCommandLineOnly }
      guard !documented.isEmpty else { continue }
      let prefix = group.title + "."
      let isSection = documented.allSatisfy { $0.key.hasPrefix(prefix) || $0.key == group.title && $0.passThrough != nil }
      lines.append("")
      lines += comment(isSection ? group.summary : "\(group.title): \(group.summary)", indent: 0, width: width)
      if isSection { lines.append("\(group.title):") }
      for (index, row) in documented.enumerated() {
        if index > 0 { lines.append("") }
        let key = isSection ? String(row.key.dropFirst(prefix.count)) : row.key
        lines += entry(row, key: key, indent: isSection ? 2 : 0, width: width)
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func entry(_ row: SettingRow, key: String, indent: Int, width: Int) -> [String] {
    let margin = String(repeating: " ", count: indent)
    var lines = comment(row.summary, indent: indent, width: width)
    if !row.discussion.isEmpty { lines += comment(row.discussion, indent: indent, width: width) }
    lines += comment(facts(of: row), indent: indent, width: width)
    if row.passThrough != nil {
      let example = row.example ?? "name: value"
      return lines + example.split(separator: "\n").map { "\(margin)# \($0)" }
    }
    if row.requiredBy.isEmpty, row.defaultNote == nil, !row.isSecret, row.defaultText != .none {
      return lines + ["\(margin)\(key): \(yamlText(of: row.defaultText, isLiteral: row.form.isLiteral))"]
    }
    let example = row.example.map { row.form.isLiteral ? $0 : yamlScalar($0) } ?? row.form.choices.first ?? row.form.placeholder
    return lines + [row.isSecret ? "\(margin)# \(key)_FILE: /run/secrets/\(row.key)" : "\(margin)# \(key): \(example)"]
  }

  /// A line with type, range and default, and one with the variable and the flag.
  private func facts(of row: SettingRow) -> String {
    var facts: [String] = []
    if row.passThrough == nil {
      facts.append(capitalised(row.expected))
      if let unit = row.unit, row.range == nil { facts.append("unit: \(unit)") }
      if let phrase = row.defaultPhrase { facts.append("default: \(phrase)") }
    }
    if !row.requiredBy.isEmpty { facts.append("required by " + listed(row.requiredBy, last: "and")) }
    var names: [String] = []
    if let variable = row.environmentName(prefix: environmentPrefix) {
      names.append(row.passThrough == nil ? variable : variable + "_… (\"_\" for \".\")")
      if row.isSecret { names.append(variable + fileSuffix) }
    }
    if let flag = row.flag { names.append(row.form.shape == .entries ? "--\(flag) \(row.form.placeholder)" : "--\(flag)") }
    if row.isSecret { facts.append("a key or variable with \(fileSuffix) names a file that holds it") }
    return [facts, names].filter { !$0.isEmpty }.map { $0.joined(separator: " · ") }.joined(separator: "\n")
  }
}

private func comment(_ text: String, indent: Int, width: Int) -> [String] {
  let margin = String(repeating: " ", count: indent)
  return wrapped(text, width: width - indent - 2).map { $0.isEmpty ? "\(margin)#" : "\(margin)# \($0)" }
}

func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

private func yamlText(of text: SettingText, isLiteral: Bool) -> String {
  if case .one(let word) = text, !isLiteral { yamlScalar(word) } else { jsonText(of: text, isLiteral: isLiteral) }
}

/// `text` without quotes where YAML reads it back as it is, with quotes otherwise.
private func yamlScalar(_ text: String) -> String {
  let isPlain = text.unicodeScalars.allSatisfy { $0.isNamePart || $0 == "/" || $0 == ":" }
  let startsPlain = text.unicodeScalars.first.map { $0.properties.isAlphabetic || $0 == "/" || ("0"..."9").contains($0) } ?? false
  let isNull = ["null", "true", "false", "yes", "no", "on", "off"].contains(text.lowercased())
  return isPlain && startsPlain && !isNull && !text.hasSuffix(":") ? text : jsonString(text)
}
