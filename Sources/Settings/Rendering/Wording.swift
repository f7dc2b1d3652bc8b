/// `text` in quotation marks for a message: bounded, and without control characters that would reach a terminal.
func quoted(_ text: String) -> String {
  var shown = ""
  for (index, scalar) in text.unicodeScalars.enumerated() {
    if index == 80 {
      shown += "…"
      break
    }
    shown.unicodeScalars.append(scalar.isPlain ? scalar : "\u{FFFD}")
  }
  return "\"\(shown)\""
}

/// A name that somebody wrote, for a message: cut at the first character that no name holds, because what follows
/// it may be a secret (`sasl.password:hunter2`).
func quotedName(_ name: String) -> String {
  let kept = name.unicodeScalars.prefix { $0.isNamePart }
  let isCut = kept.count < name.unicodeScalars.count
  return quoted(String(String.UnicodeScalarView(kept)) + (isCut ? "…" : ""))
}

/// `a, b or c`.
func listed(_ words: [String], last: String) -> String {
  guard words.count > 1, let final = words.last else { return words.first ?? "" }
  return words.dropLast().joined(separator: ", ") + " \(last) " + final
}

/// `text` broken at blanks into lines of at most `width` characters, each after `indent` blanks; a longer word stands alone.
/// Line breaks in `text` are kept.
func wrapped(_ text: String, width: Int, indent: Int = 0) -> [String] {
  let margin = String(repeating: " ", count: indent)
  var lines: [String] = []
  for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false) {
    var line = ""
    for word in paragraph.split(separator: " ") {
      if !line.isEmpty, indent + line.count + 1 + word.count > width {
        lines.append(margin + line)
        line = ""
      }
      line += line.isEmpty ? String(word) : " " + word
    }
    lines.append(line.isEmpty ? "" : margin + line)
  }
  return lines
}

extension Unicode.Scalar {
  /// Neither a control character nor one that changes the direction of what follows.
  fileprivate var isPlain: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
    default: true
    }
  }

  var isNamePart: Bool {
    switch self {
    case "a"..."z", "A"..."Z", "0"..."9", ".", "-", "_": true
    default: false
    }
  }
}
