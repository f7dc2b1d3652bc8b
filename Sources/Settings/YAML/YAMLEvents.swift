internal import CYAML

/// A step of libyaml's parser, copied out of C.
struct YAMLEvent {
  enum Kind {
    case scalar(String, isPlain: Bool)
    case sequenceStart, sequenceEnd, mappingStart, mappingEnd
    case documentStart, documentEnd
    case streamStart, streamEnd
  }

  let kind: Kind
  let place: YAMLPlace
}

/// All contact with libyaml: pulls events one by one, so that a reader can stop at any of them.
struct YAMLEvents: ~Copyable {
  // Both are owned by this value alone, which cannot be copied, and freed in `deinit`; libyaml keeps the address of the input.
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let input: UnsafeMutableBufferPointer<UInt8>

  /// - Parameter bytes: Valid UTF-8.
  init(_ bytes: [UInt8]) throws(YAMLFailure) {
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    guard yaml_parser_initialize(parser) == 1 else {
      parser.deallocate()
      throw YAMLFailure(message: "not enough memory to read it", place: nil)
    }
    self.parser = parser
    input = .allocate(capacity: bytes.count)
    _ = input.initialize(from: bytes)
    yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    // Otherwise two chosen bytes at the start switch it to UTF-16.
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
    input.deallocate()
  }

  /// The next event.
  mutating func next() throws(YAMLFailure) -> YAMLEvent {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw failure() }
    defer { yaml_event_delete(&event) }
    let place = YAMLPlace(line: Int(clamping: event.start_mark.line) + 1, column: Int(clamping: event.start_mark.column) + 1)
    func refuse(_ what: String) -> YAMLFailure { YAMLFailure(message: what, place: place) }
    let kind: YAMLEvent.Kind
    switch event.type {
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      if scalar.anchor != nil { throw refuse(noAnchors) }
      if scalar.tag != nil { throw refuse(noTags) }
      let text = scalar.value.map { String(decoding: UnsafeBufferPointer(start: $0, count: scalar.length), as: UTF8.self) }
      kind = .scalar(text ?? "", isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
    case YAML_SEQUENCE_START_EVENT:
      if event.data.sequence_start.anchor != nil { throw refuse(noAnchors) }
      if event.data.sequence_start.tag != nil { throw refuse(noTags) }
      kind = .sequenceStart
    case YAML_MAPPING_START_EVENT:
      if event.data.mapping_start.anchor != nil { throw refuse(noAnchors) }
      if event.data.mapping_start.tag != nil { throw refuse(noTags) }
      kind = .mappingStart
    case YAML_ALIAS_EVENT: throw refuse(noAnchors)
    case YAML_SEQUENCE_END_EVENT: kind = .sequenceEnd
    case YAML_MAPPING_END_EVENT: kind = .mappingEnd
    case YAML_DOCUMENT_START_EVENT: kind = .documentStart
    case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
    case YAML_STREAM_START_EVENT: kind = .streamStart
    default: kind = .streamEnd
    }
    return YAMLEvent(kind: kind, place: place)
  }

  private func failure() -> YAMLFailure {
    // libyaml's texts are constants: they quote nothing of the file, so no secret either.
    let problem = parser.pointee.problem.map { String(cString: $0) } ?? "unknown problem"
    switch parser.pointee.error {
    case YAML_MEMORY_ERROR: return YAMLFailure(message: "not enough memory to read it", place: nil)
    case YAML_READER_ERROR:
      return YAMLFailure(message: problem, place: place(ofByte: Int(clamping: parser.pointee.problem_offset), in: Array(input)))
    default:
      let mark = parser.pointee.problem_mark
      let place = YAMLPlace(line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1)
      return YAMLFailure(
        message: problem + (isIndentedByTab(line: place.line) ? "; indent with blanks, not tabs" : ""), place: place)
    }
  }

  private func isIndentedByTab(line: Int) -> Bool {
    let lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard lines.indices.contains(line - 1) else { return false }
    let indentation = lines[line - 1].prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    return indentation.contains(UInt8(ascii: "\t"))
  }
}

private let noAnchors = "anchors and aliases (& and *) are not supported; write the value out"
private let noTags = "tags (!) are not supported; write the value alone"

/// The line and column of a byte, columns in bytes.
func place(ofByte offset: Int, in bytes: [UInt8]) -> YAMLPlace {
  let before = bytes.prefix(offset)
  let newline = UInt8(ascii: "\n")
  let lineStart = before.lastIndex(of: newline).map { $0 + 1 } ?? 0
  return YAMLPlace(line: before.count { $0 == newline } + 1, column: before.count - lineStart + 1)
}
