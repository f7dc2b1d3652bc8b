/// Cuts bytes into lines of bounded length.
///
/// A line ends with LF or CRLF, which is no part of it; the last one may do without. A byte order mark before the first line is
/// left out.
struct LineReader {
  enum Line: Equatable {
    case bytes([UInt8])
    /// A line longer than the bound: how long it is; its bytes were passed over.
    case tooLong(byteCount: Int)
  }

  private let source: ByteSource
  private let maximumBytes: Int
  /// What a line may hold beside its own bytes: a byte order mark and the CR of a CRLF.
  private static let marksBytes = byteOrderMark.count + 1
  private var chunk: [UInt8] = []
  private var position = 0
  private var isFirst = true

  /// - Parameter maximumBytes: the longest line that is given out.
  init(_ source: ByteSource, maximumBytes: Int) {
    self.source = source
    self.maximumBytes = min(maximumBytes, Int.max - Self.marksBytes)
  }

  /// The next line; nil at the end.
  mutating func next() throws -> Line? {
    var line: [UInt8] = []
    var byteCount = 0
    var isEnded = false
    while !isEnded {
      if position == chunk.count {
        guard let next = try source.read(ByteSource.chunkBytes), !next.isEmpty else {
          if byteCount == 0 { return nil }
          break
        }
        chunk = next
        position = 0
      }
      let newline = chunk[position...].firstIndex(of: UInt8(ascii: "\n"))
      let end = newline ?? chunk.count
      byteCount += end - position
      let room = maximumBytes + Self.marksBytes - line.count
      line += chunk[position..<min(end, position + room)]
      position = newline.map { $0 + 1 } ?? end
      isEnded = newline != nil
    }
    if line.count == byteCount && line.last == UInt8(ascii: "\r") {
      line.removeLast()
      byteCount -= 1
    }
    if isFirst && line.starts(with: byteOrderMark) {
      line.removeFirst(byteOrderMark.count)
      byteCount -= byteOrderMark.count
    }
    isFirst = false
    return byteCount > maximumBytes ? .tooLong(byteCount: byteCount) : .bytes(line)
  }
}
