/// Reads comma-separated values (RFC 4180) row by row, in bounded memory.
///
/// Fields in quotes may hold commas, line ends and doubled quotes. Rows end with LF or CRLF; the last one may do without. Lines
/// with nothing on them are passed over. A byte order mark before the first row is left out. A quote inside a field that does not
/// begin with one stands for itself, as most programs read it.
struct CSVReader {
  struct Row: Equatable {
    /// The line on which the row begins, from 1.
    let line: Int
    /// The fields' bytes, quotes undone.
    var fields: [[UInt8]]
    /// What is wrong with the row; its fields mean nothing then.
    var fault: Fault?
  }

  enum Fault: Equatable {
    /// Something other than a comma or a line's end after a closing quote on this line.
    case afterQuote(line: Int)
    /// A quote that is still open at the end of the file.
    case openQuote(line: Int)
    /// More bytes in a row than allowed.
    case tooLong(byteCount: Int)
  }

  private enum State {
    case fieldStart, plain, quoted
    /// Behind a quote in a quoted field: the closing one, or the first of a doubled one.
    case afterQuote
    /// Behind a CR after the closing quote.
    case afterQuoteCR
  }

  private let source: ByteSource
  private let maximumBytes: Int
  private var chunk: [UInt8] = []
  private var position = 0
  private var line = 1
  private var isFirst = true

  // The row being read.
  private var state = State.fieldStart
  private var row = Row(line: 1, fields: [])
  private var field: [UInt8] = []
  private var byteCount = 0
  private var quoteLine = 1

  /// - Parameter maximumBytes: the most that a row may hold.
  init(_ source: ByteSource, maximumBytes: Int) {
    self.source = source
    self.maximumBytes = maximumBytes
  }

  /// The next row that is not blank; nil at the end.
  mutating func next() throws -> Row? {
    begin()
    while let byte = try nextByte() {
      if byte == UInt8(ascii: "\n") { line += 1 }
      if take(byte) {
        if isBlank { begin() } else { return finished() }
      }
    }
    if byteCount == 0 { return nil }
    if state == .quoted { row.fault = row.fault ?? .openQuote(line: quoteLine) }
    endRow()
    return isBlank ? nil : finished()
  }

  private mutating func begin() {
    state = .fieldStart
    row = Row(line: line, fields: [])
    field.removeAll(keepingCapacity: true)
    byteCount = 0
  }

  /// One empty field without quotes. (A quoted empty field has counted two bytes.)
  private var isBlank: Bool { row.fields == [[]] && byteCount <= 1 && row.fault == nil }

  private func finished() -> Row {
    guard byteCount > maximumBytes else { return row }
    return Row(line: row.line, fields: [], fault: .tooLong(byteCount: byteCount))
  }

  /// - Returns: whether the row ends with this byte.
  private mutating func take(_ byte: UInt8) -> Bool {
    let quote = UInt8(ascii: "\"")
    let isEnd = byte == UInt8(ascii: "\n") && state != .quoted
    if isEnd {
      endRow()
      return true
    }
    byteCount += 1
    switch (state, byte) {
    case (.fieldStart, quote):
      state = .quoted
      quoteLine = line
    case (.quoted, quote): state = .afterQuote
    case (.quoted, _): append(byte)
    case (.afterQuote, quote):
      append(quote)
      state = .quoted
    case (.afterQuote, UInt8(ascii: "\r")): state = .afterQuoteCR
    case (.fieldStart, UInt8(ascii: ",")), (.plain, UInt8(ascii: ",")), (.afterQuote, UInt8(ascii: ",")):
      endField()
      state = .fieldStart
    case (.fieldStart, _), (.plain, _):
      append(byte)
      state = .plain
    case (.afterQuote, _), (.afterQuoteCR, _):
      // Read on as if there had been no quote, so that the next row is found.
      row.fault = row.fault ?? .afterQuote(line: line)
      state = byte == UInt8(ascii: ",") ? .fieldStart : .plain
    }
    return false
  }

  private mutating func append(_ byte: UInt8) {
    if byteCount <= maximumBytes { field.append(byte) }
  }

  private mutating func endRow() {
    // The CR of a CRLF is no part of the last field.
    if state == .plain && field.last == UInt8(ascii: "\r") { field.removeLast() }
    endField()
  }

  private mutating func endField() {
    row.fields.append(field)
    field.removeAll(keepingCapacity: true)
  }

  private mutating func nextByte() throws -> UInt8? {
    while position == chunk.count {
      guard let next = try source.read(ByteSource.chunkBytes), !next.isEmpty else { return nil }
      chunk = next
      position = 0
      if isFirst { try skipByteOrderMark() }
    }
    defer { position += 1 }
    return chunk[position]
  }

  private mutating func skipByteOrderMark() throws {
    isFirst = false
    while chunk.count < byteOrderMark.count, let more = try source.read(ByteSource.chunkBytes), !more.isEmpty { chunk += more }
    if chunk.starts(with: byteOrderMark) { position = byteOrderMark.count }
  }
}
