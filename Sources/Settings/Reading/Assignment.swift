/// A value as somebody gave it, not yet typed.
struct Assignment {
  /// Of a row of the table.
  let key: String
  /// The name under a pass-through key.
  let entry: String?
  let text: SettingText
  let source: SettingSource
  /// The text names a file that holds the value.
  let isFileName: Bool

  /// `kafka.sasl.password`.
  var fullKey: String { entry.map { "\(key).\($0)" } ?? key }
}

/// Ends a key or variable whose value is the name of a file that holds the value.
let fileSuffix = "_FILE"

/// A pass-through name as it was given, apart from its `_FILE`.
struct EntryName {
  let name: String
  let isFileName: Bool

  init(_ text: String) {
    isFileName = text.hasSuffix(fileSuffix)
    name = isFileName ? String(text.dropLast(fileSuffix.count)) : text
  }

  /// What is wrong with the name under `row`; nil where it may pass.
  func problem(under row: SettingRow, table: SettingsTable) -> String? {
    guard !name.isEmpty, name.unicodeScalars.allSatisfy(\.isNamePart) else {
      return "\(quotedName("\(row.key).\(name)")) is no name: use letters, digits, \".\", \"-\" and \"_\""
    }
    guard let isKnown = row.passThrough?.isKnown, !isKnown(name) else { return nil }
    let declared = table.rows.filter { !$0.isHidden }.map(\.key)
    let entries = row.passThrough?.knownNames.map { "\(row.key).\($0)" } ?? []
    return "unknown key \(quoted("\(row.key).\(name)"))" + suggestion(for: "\(row.key).\(name)", among: declared + entries)
  }
}
