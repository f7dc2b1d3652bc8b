/// What a YAML file gives: walks its nodes along the table's keys.
struct FileLayer {
  private let table: SettingsTable
  private let path: String
  private(set) var assignments: [Assignment] = []
  private var problems: ProblemList
  /// Where each key was given, for keys that come twice in different notations.
  private var places: [String: YAMLPlace] = [:]
  private let keys: [String]
  private let sections: [String]

  static func read(
    _ bytes: [UInt8], path: String, table: SettingsTable, problems: inout ProblemList
  ) -> [Assignment] {
    var layer = FileLayer(table: table, path: path, problems: problems)
    defer { problems = layer.problems }
    do throws(YAMLFailure) {
      guard let root = try YAMLReader.read(bytes) else { return [] }
      switch root.content {
      case .null: return []
      case .mapping(let pairs): layer.walk(pairs, under: "")
      case .scalar, .sequence:
        let example = layer.keys.first ?? "key"
        layer.add("expected keys with values, such as \"\(example): …\"", at: root.place)
      }
    } catch {
      layer.add(error.message, at: error.place)
    }
    return layer.assignments
  }

  private init(table: SettingsTable, path: String, problems: ProblemList) {
    self.table = table
    self.path = path
    self.problems = problems
    keys = table.rows.filter { !$0.isCommandLineOnly && !$0.isHidden }.map(\.key)
    var sections: [String] = []
    for key in keys {
      for dot in key.indices where key[dot] == "." && !sections.contains(String(key[..<dot])) {
        sections.append(String(key[..<dot]))
      }
    }
    self.sections = sections
  }

  /// Recursion is bounded by the reader's depth.
  private mutating func walk(_ pairs: [YAMLPair], under prefix: String) {
    var first: [String: YAMLPlace] = [:]
    for pair in pairs {
      if let place = first[pair.key] {
        add("key \(quotedName(prefix + pair.key)) is given twice, first in line \(place.line)", at: pair.keyPlace)
        continue
      }
      first[pair.key] = pair.keyPlace
      visit(prefix + pair.key, pair)
    }
  }

  private mutating func visit(_ key: String, _ pair: YAMLPair) {
    if let row = table.setting(for: key)?.row, row.passThrough == nil, !row.isCommandLineOnly {
      assign(row, pair)
    } else if key.hasSuffix(fileSuffix), let row = table.setting(for: String(key.dropLast(fileSuffix.count)))?.row, row.isSecret {
      assign(row, pair, isFileName: true)
    } else if table.isSection(key) || table.setting(for: key)?.row.passThrough != nil {
      switch pair.value.content {
      case .null: return
      case .mapping(let pairs): walk(pairs, under: key + ".")
      case .scalar, .sequence:
        let members = keys.filter { $0.hasPrefix(key + ".") }.prefix(3).joined(separator: ", ")
        add("key \"\(key)\" is a section without a value of its own; it holds \(members) …", at: pair.keyPlace)
      }
    } else if let row = table.passThrough(over: key) {
      passThrough(key, under: row, pair)
    } else if let flag = table.setting(for: key)?.row.flag {
      add("\"\(key)\" is no key: it is given on the command line, as --\(flag)", at: pair.keyPlace)
    } else {
      let known = if case .mapping = pair.value.content { sections } else { keys + sections }
      add("unknown key \(quotedName(key))\(suggestion(for: key, among: known))", at: pair.keyPlace)
    }
  }

  private mutating func assign(_ row: SettingRow, _ pair: YAMLPair, isFileName: Bool = false) {
    let text: SettingText
    switch pair.value.content {
    case .null: return
    case .scalar(let word): text = .one(word)
    case .sequence(let items) where row.form.shape == .many && !isFileName:
      var words: [String] = []
      for item in items {
        guard case .scalar(let word) = item.content else {
          return add("key \"\(row.key)\": expected \(row.expected)", at: item.place)
        }
        words.append(word)
      }
      text = .many(words)
    case .sequence: return add("key \"\(row.key)\" takes a single value, not a list; expected \(row.expected)", at: pair.keyPlace)
    case .mapping: return add("key \"\(row.key)\" takes a value, not keys under it; expected \(row.expected)", at: pair.keyPlace)
    }
    append(Assignment(key: row.key, entry: nil, text: text, source: source(pair), isFileName: isFileName), pair)
  }

  private mutating func passThrough(_ key: String, under row: SettingRow, _ pair: YAMLPair) {
    let entry = EntryName(String(key.dropFirst(row.key.count + 1)))
    switch pair.value.content {
    case .null, .scalar:
      // A name is checked even without a value: `{sasl.password:x}` with its missing blank is a key, not an entry.
      if let problem = entry.problem(under: row, table: table) { return add(problem, at: pair.keyPlace) }
    case .mapping(let pairs): return walk(pairs, under: key + ".")
    case .sequence: return add("key \(quotedName(key)) takes a single text, not a list", at: pair.keyPlace)
    }
    guard case .scalar(let text) = pair.value.content else { return }
    append(
      Assignment(key: row.key, entry: entry.name, text: .one(text), source: source(pair), isFileName: entry.isFileName), pair)
  }

  private mutating func append(_ assignment: Assignment, _ pair: YAMLPair) {
    let key = assignment.fullKey + (assignment.isFileName ? fileSuffix : "")
    if let place = places.updateValue(pair.keyPlace, forKey: key) {
      return add("key \(quotedName(key)) is given twice, first in line \(place.line)", at: pair.keyPlace)
    }
    assignments.append(assignment)
  }

  private func source(_ pair: YAMLPair) -> SettingSource {
    .file(path: path, line: pair.keyPlace.line, column: pair.keyPlace.column)
  }

  private mutating func add(_ problem: @autoclosure () -> String, at place: YAMLPlace?) {
    let path = path
    problems.add("\(path)\(place.map { ":\($0.line):\($0.column)" } ?? ""): \(problem())")
  }
}
