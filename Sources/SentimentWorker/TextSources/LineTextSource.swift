/// A text a line: plain (`txt`), or a JSON document a line with the text at a pointer (`jsonl`).
///
/// Line N in is item N out: a blank line is an item too, with the reason `blank` (or `not-json`), never passed over.
struct LineTextSource: TextSource {
  private var lines: LineReader
  private let decoder: ReviewDecoder
  private let maximumBytes: Int
  private let label: JSONPointer?
  private var number = 0

  /// - Parameters:
  ///   - format: how a line is read.
  ///   - labelField: the member of a JSON line that holds its label.
  ///   - maximumBytes: the longest line that is looked at; a longer one is an item with the reason `too-large`.
  init(
    _ source: ByteSource, format: ReviewDecoder.Format, labelField: String? = nil,
    maximumBytes: Int = ReviewDecoder.defaultMaximumBytes
  ) {
    lines = LineReader(source, maximumBytes: maximumBytes)
    decoder = ReviewDecoder(format: format, maximumBytes: maximumBytes)
    self.maximumBytes = maximumBytes
    if case .json = format { label = labelField.map { JSONPointer(members: [$0]) } } else { label = nil }
  }

  mutating func next() throws -> TextItem? {
    guard let line = try lines.next() else { return nil }
    number += 1
    return TextItem(number: number, line: number, text: text(of: line), label: label.flatMap { Self.value(at: $0, of: line) })
  }

  /// A string or number; nil for anything else.
  private static func value(at pointer: JSONPointer, of line: LineReader.Line) -> String? {
    guard case .bytes(let bytes) = line, let found = try? JSONText.scan(bytes.span, for: [pointer]).matches[0].value else {
      return nil
    }
    switch found.kind {
    case .string: return (try? JSONText.unescape(bytes.span, content: found.content)).map { String(decoding: $0, as: UTF8.self) }
    case .number: return String(decoding: bytes[found.range], as: UTF8.self)
    default: return nil
    }
  }

  private func text(of line: LineReader.Line) -> Result<[UInt8], TextSourceError> {
    switch line {
    case .tooLong(let byteCount):
      let detail = "\(byteCount) bytes, more than the maximum of \(maximumBytes)"
      return .failure(TextSourceError(reason: .unusable(.tooLarge), line: number, detail: detail))
    case .bytes(let bytes):
      return decoder.text(of: bytes, line: number)
    }
  }
}

extension ReviewDecoder {
  /// The text of a value that is not a message's but stands on a line of a file.
  func text(of value: [UInt8], line: Int) -> Swift.Result<[UInt8], TextSourceError> {
    switch decode(value.span) {
    case .review(let review):
      switch review.text {
      case .inPlace(let range): .success(range.count == value.count ? value : Array(value[range]))
      case .decoded(let text): .success(text)
      }
    case .unusable(let unusable):
      .failure(TextSourceError(reason: .unusable(unusable.reason), line: line, detail: unusable.detail))
    }
  }
}
