/// The texts of one column of a CSV file (RFC 4180) whose first row names the columns.
///
/// Every row behind the header is an item; lines with nothing on them are none. A row that is wrong is an item with its reason, and
/// the rows after it are read.
struct CSVTextSource: TextSource {
  private var rows: CSVReader
  private let column: Int
  private let labelColumn: Int?
  private let columnCount: Int
  private let decoder: ReviewDecoder
  private let maximumBytes: Int
  private var number = 0

  /// Reads the header.
  /// - Parameters:
  ///   - column: the name of the texts' column, exactly as in the header.
  ///   - labelColumn: the name of the labels' column, if there is one.
  ///   - maximumBytes: the largest row that is looked at; a larger one is an item with the reason `too-large`.
  /// - Throws: ``CSVHeaderError`` where there is no header or no such column; ``ByteSourceError``.
  init(
    _ source: ByteSource, column: String, labelColumn: String? = nil, maximumBytes: Int = ReviewDecoder.defaultMaximumBytes
  ) throws {
    rows = CSVReader(source, maximumBytes: maximumBytes)
    guard let header = try rows.next() else { throw CSVHeaderError.empty }
    guard header.fault == nil else { throw CSVHeaderError.malformed(line: header.line) }
    let places = header.fields.indices.filter { header.fields[$0] == Array(column.utf8) }
    guard let place = places.first, places.count == 1 else {
      let names = header.fields.map { String(decoding: $0, as: UTF8.self) }
      throw places.isEmpty ? CSVHeaderError.noColumn(column, of: names) : .manyColumns(column)
    }
    self.column = place
    self.labelColumn = labelColumn.flatMap { header.fields.firstIndex(of: Array($0.utf8)) }
    columnCount = header.fields.count
    decoder = ReviewDecoder(format: .text, maximumBytes: maximumBytes)
    self.maximumBytes = maximumBytes
  }

  mutating func next() throws -> TextItem? {
    guard let row = try rows.next() else { return nil }
    number += 1
    return TextItem(number: number, line: row.line, text: text(of: row), label: label(of: row))
  }

  private func label(of row: CSVReader.Row) -> String? {
    guard let labelColumn, row.fields.indices.contains(labelColumn) else { return nil }
    return String(decoding: row.fields[labelColumn], as: UTF8.self)
  }

  private func text(of row: CSVReader.Row) -> Result<[UInt8], TextSourceError> {
    func failure(_ reason: TextSourceError.Reason, _ detail: String) -> Result<[UInt8], TextSourceError> {
      .failure(TextSourceError(reason: reason, line: row.line, detail: detail))
    }
    switch row.fault {
    case .afterQuote(let line):
      return failure(.malformedRow, "text behind a closing quote on line \(line): a quote inside a field is written twice")
    case .openQuote(let line):
      return failure(.malformedRow, "the quote opened on line \(line) is never closed")
    case .tooLong(let byteCount):
      return failure(.unusable(.tooLarge), "\(byteCount) bytes, more than the maximum of \(maximumBytes)")
    case nil: break
    }
    guard row.fields.count == columnCount else {
      return failure(.raggedRow, "\(row.fields.count) fields where the header has \(columnCount)")
    }
    return decoder.text(of: row.fields[column], line: row.line)
  }
}

/// A CSV file's first row is not what is needed; says what to do.
enum CSVHeaderError: Error, Equatable, CustomStringConvertible {
  case empty
  case malformed(line: Int)
  case noColumn(String, of: [String])
  case manyColumns(String)

  var description: String {
    switch self {
    case .empty: "the CSV file is empty: its first row must name the columns"
    case .malformed(let line):
      "the CSV file's header on line \(line) has a quote that is not closed or is not doubled, or is too long"
    case .noColumn(let name, let names):
      "the CSV file has no column '\(name)'; its columns are " + Self.list(names)
    case .manyColumns(let name): "the CSV file has more than one column '\(name)'"
    }
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(20).map { "'\($0)'" }.joined(separator: ", ")
    return names.count > 20 ? shown + " and \(names.count - 20) more" : shown
  }
}
