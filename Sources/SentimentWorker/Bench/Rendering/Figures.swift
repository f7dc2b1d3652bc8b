/// Numbers for people.
enum Figures {
  /// With `places` digits behind the point and, in front of it, commas between thousands; `-` if it is not a number.
  static func decimal(_ value: Double, _ places: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "-" }
    var scale = 1
    for _ in 0..<places { scale *= 10 }
    let scaled = Int((abs(value) * Double(scale)).rounded())
    let fraction = places == 0 ? "" : "." + String(String(scaled % scale + scale).dropFirst())
    return (value < 0 && scaled != 0 ? "-" : "") + grouped(scaled / scale) + fraction
  }

  /// Three digits that mean something: 7.31, 73.1, 731, 7,310.
  static func significant(_ value: Double) -> String {
    decimal(value, abs(value) < 9.995 ? 2 : abs(value) < 99.95 ? 1 : 0)
  }

  /// Of a share 0…1.
  static func percent(_ share: Double, _ places: Int = 1) -> String { decimal(100 * share, places) + " %" }

  static func megabytes(_ bytes: Int) -> String { decimal(Double(bytes) / 1e6, 0) + " MB" }

  private static func grouped(_ value: Int) -> String {
    var digits = String(value)
    var end = digits.count - 3
    while end > 0 {
      digits.insert(",", at: digits.index(digits.startIndex, offsetBy: end))
      end -= 3
    }
    return digits
  }
}

/// A table with a first column of words and columns of figures.
struct FigureTable {
  var header: [String]
  var rows: [[String]] = []
  /// How many columns at the left are words, flush left.
  var words = 1

  /// Lines of equal layout; blanks at their ends are left out.
  var lines: [String] {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      var line = ""
      for (column, text) in row.enumerated() {
        let blanks = String(repeating: " ", count: widths[column] - text.count)
        line += (column > 0 ? "  " : "") + (column < words ? text + blanks : blanks + text)
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }

  /// `name` in a column of its own, and words wrapped beside it.
  static func wrapped(_ name: String, _ text: String, width: Int = 80) -> [String] {
    let indent = 12
    var lines: [String] = []
    var line = name + String(repeating: " ", count: max(1, indent - name.count))
    var isEmpty = true
    for word in text.split(separator: " ") {
      if !isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = String(repeating: " ", count: indent)
        isEmpty = true
      }
      line += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    return lines + [line]
  }
}
