/// Turns what was given, lowest precedence first, into typed values.
struct Resolver {
  let table: SettingsTable

  func resolve(
    _ assignments: [Assignment], readFile: (String) throws -> [UInt8], problems: inout ProblemList
  ) -> SettingValues {
    var values = SettingValues(table: table)
    var winners: [String: Assignment] = [:]
    for assignment in assignments {
      let key = assignment.fullKey
      if let previous = winners[key], previous.isFileName != assignment.isFileName,
        previous.source.isInSameLayer(as: assignment.source)
      {
        let other = assignment.isFileName ? previous : assignment
        problems.add("\(other.source): \"\(key)\" is given here and as \"…\(fileSuffix)\" as well; keep one of them")
      }
      // A value that something else overrides is checked too: it is as wrong as any.
      if assignment.entry == nil, !assignment.isFileName, read(assignment, assignment.text, &problems) == nil { continue }
      winners[key] = assignment
    }
    for (_, winner) in winners.sorted(by: { $0.key < $1.key }) {
      guard let text = winner.isFileName ? contents(winner, readFile, &problems) : winner.text else { continue }
      if let entry = winner.entry, case .one(let word) = text {
        values.setEntry(entry, under: winner.key, to: word, from: winner.source)
      } else if let value = read(winner, text, &problems) {
        values.set(winner.key, to: value, from: winner.source)
      }
    }
    return values
  }

  private func read(_ assignment: Assignment, _ text: SettingText, _ problems: inout ProblemList) -> (any SettingValue)? {
    guard let setting = table.setting(for: assignment.key) else { return nil }
    if let value = setting.read(text) { return value }
    let row = setting.row
    let shown: String
    switch text {
    case _ where row.isSecret: shown = "the value (not shown)"
    case .one(let word): shown = quoted(word)
    case .many(let items): shown = quoted(items.joined(separator: ","))
    case .none, .entries: shown = "this"
    }
    problems.add("\(assignment.source): \(shown) is no value for \"\(row.key)\"; expected \(row.expected)")
    return nil
  }

  private func contents(
    _ assignment: Assignment, _ readFile: (String) throws -> [UInt8], _ problems: inout ProblemList
  ) -> SettingText? {
    guard case .one(let path) = assignment.text else { return nil }
    let bytes: [UInt8]
    do {
      bytes = try readFile(path)
    } catch {
      problems.add("\(assignment.source): cannot read the file \(quoted(path)) for \"\(assignment.fullKey)\": \(error)")
      return nil
    }
    guard bytes.count <= YAMLReader.maximumBytes, firstByteThatIsNotUTF8(bytes) == nil else {
      problems.add(
        "\(assignment.source): the file \(quoted(path)) for \"\(assignment.fullKey)\" is not UTF-8 text of at most 1 MiB")
      return nil
    }
    var text = Substring(String(decoding: bytes, as: UTF8.self))
    // One line break at the end belongs to the file, not to the secret; "\r\n" is one Character.
    if let last = text.last, last == "\n" || last == "\r\n" { text.removeLast() }
    guard !text.isEmpty else {
      problems.add("\(assignment.source): the file \(quoted(path)) for \"\(assignment.fullKey)\" is empty")
      return nil
    }
    return .one(String(text))
  }
}

extension SettingSource {
  fileprivate func isInSameLayer(as other: SettingSource) -> Bool {
    switch (self, other) {
    case (.file, .file), (.environment, .environment): true
    // On a command line the later flag wins, in whichever form.
    default: false
    }
  }
}
