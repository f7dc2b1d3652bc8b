/// What the environment gives. A variable with an empty value counts as not set, because compose files pass those on.
struct EnvironmentLayer {
  let table: SettingsTable

  func read(_ environment: [String: String], problems: inout ProblemList) -> [Assignment] {
    let prefix = table.environmentPrefix
    var rows: [String: SettingRow] = [:]
    for row in table.rows where row.passThrough == nil {
      if let name = row.environmentName(prefix: prefix) { rows[name] = row }
    }
    var assignments: [Assignment] = []
    for (name, value) in environment.sorted(by: { $0.key < $1.key })
    where name.hasPrefix(prefix) && name != table.configVariable && !table.otherVariables.contains(name) {
      let base = EntryName(name)
      if let row = rows[name] {
        append(row, nil, value, name, isFileName: false, to: &assignments)
      } else if base.isFileName, let row = rows[base.name], row.isSecret {
        append(row, nil, value, name, isFileName: true, to: &assignments)
      } else if isServiceLink(name, value: value) {
        continue
      } else if let row = passThrough(over: name) {
        let start = prefix.count + row.key.count + 1
        let entry = EntryName(base.name.dropFirst(start).lowercased().map { $0 == "_" ? "." : String($0) }.joined())
        if let problem = entry.problem(under: row, table: table) {
          let near = suggestion(for: name, among: rows.filter { !$0.value.isHidden }.keys.sorted())
          problems.add("\(quotedName(name)): \(near.isEmpty ? problem : "unknown variable" + near)")
        } else {
          append(row, entry.name, value, name, isFileName: base.isFileName, to: &assignments)
        }
      } else {
        let known = rows.filter { !$0.value.isHidden }.keys.sorted() + [table.configVariable]
        problems.add("unknown environment variable \(quotedName(name))\(suggestion(for: name, among: known))")
      }
    }
    return assignments
  }

  private func append(
    _ row: SettingRow, _ entry: String?, _ value: String, _ name: String, isFileName: Bool, to assignments: inout [Assignment]
  ) {
    guard !value.isEmpty else { return }
    assignments.append(
      Assignment(key: row.key, entry: entry, text: .one(value), source: .environment(name), isFileName: isFileName))
  }

  private func passThrough(over name: String) -> SettingRow? {
    table.rows.filter { row in
      row.passThrough != nil && name.hasPrefix(table.environmentPrefix + environmentForm(of: row.key) + "_")
    }.max { $0.key.utf8.count < $1.key.utf8.count }
  }
}

/// Whether Kubernetes put this variable into the pod for a service of that name: a service `sentiment-worker` makes
/// `SENTIMENT_WORKER_SERVICE_HOST`, `SENTIMENT_WORKER_PORT_9090_TCP_ADDR` and more. Nobody mistyped those.
func isServiceLink(_ name: String, value: String) -> Bool {
  let words = name.split(separator: "_", omittingEmptySubsequences: false)
  for index in words.indices.dropFirst() {
    let rest = words[index...]
    if rest.starts(with: ["SERVICE", "HOST"]), rest.count == 2 { return true }
    if rest.starts(with: ["SERVICE", "PORT"]) { return true }
    if rest.first == "PORT", rest.count == 1, value.contains("://") { return true }
    if rest.first == "PORT", rest.count >= 3, Int(rest[index + 1]) != nil, ["TCP", "UDP", "SCTP"].contains(rest[index + 2]) {
      return true
    }
  }
  return false
}
