/// Reads one YAML document into nodes within fixed bounds, so that no file takes the stack or the memory of the process.
struct YAMLReader: ~Copyable {
  /// A configuration file has a few kilobytes.
  static let maximumBytes = 1 << 20
  /// Mappings and sequences inside each other; settings need five.
  static let maximumDepth = 16
  /// Keys join to dotted ones, so this and the depth bound what each of them takes.
  static let maximumKeyBytes = 128
  static let maximumNodes = 20_000

  private var events: YAMLEvents
  private var nodes = 0

  /// The root of the document; nil where the file holds comments only.
  static func read(_ bytes: [UInt8]) throws(YAMLFailure) -> YAMLNode? {
    guard bytes.count <= maximumBytes else {
      throw YAMLFailure(message: "the file is larger than \(ByteCount(maximumBytes)); is it a settings file?", place: nil)
    }
    guard bytes.contains(where: { !UInt8.yamlBlanks.contains($0) }) else {
      throw YAMLFailure(message: "the file is empty; put settings or at least a comment (# …) into it", place: nil)
    }
    if let offset = firstByteThatIsNotUTF8(bytes) {
      throw YAMLFailure(message: "the file is not UTF-8", place: place(ofByte: offset, in: bytes))
    }
    var reader = YAMLReader(events: try YAMLEvents(bytes))
    return try reader.document()
  }

  private init(events: consuming YAMLEvents) { self.events = events }

  private mutating func document() throws(YAMLFailure) -> YAMLNode? {
    var root: YAMLNode?
    while true {
      let event = try events.next()
      switch event.kind {
      case .streamEnd: return root
      case .documentStart where root != nil:
        throw YAMLFailure(message: "a second document starts here; put all settings into one", place: event.place)
      case .streamStart, .documentStart, .documentEnd: continue
      default: root = try node(event, depth: 1)
      }
    }
  }

  private mutating func node(_ event: YAMLEvent, depth: Int) throws(YAMLFailure) -> YAMLNode {
    nodes += 1
    if nodes > YAMLReader.maximumNodes {
      throw YAMLFailure(message: "the file holds more than \(YAMLReader.maximumNodes) values", place: event.place)
    }
    if depth > YAMLReader.maximumDepth {
      throw YAMLFailure(message: "nested deeper than \(YAMLReader.maximumDepth) levels", place: event.place)
    }
    switch event.kind {
    case .scalar(let text, let isPlain):
      let isNull = isPlain && ["", "~", "null", "Null", "NULL"].contains(text)
      return YAMLNode(content: isNull ? .null : .scalar(text), place: event.place)
    case .sequenceStart:
      var items: [YAMLNode] = []
      while true {
        let next = try events.next()
        if case .sequenceEnd = next.kind { return YAMLNode(content: .sequence(items), place: event.place) }
        items.append(try node(next, depth: depth + 1))
      }
    case .mappingStart: return YAMLNode(content: .mapping(try pairs(depth: depth)), place: event.place)
    default: throw YAMLFailure(message: "a value is missing", place: event.place)
    }
  }

  private mutating func pairs(depth: Int) throws(YAMLFailure) -> [YAMLPair] {
    var pairs: [YAMLPair] = []
    while true {
      let next = try events.next()
      if case .mappingEnd = next.kind { return pairs }
      guard case .scalar(let key, _) = next.kind else {
        throw YAMLFailure(message: "a list or mapping cannot be a key", place: next.place)
      }
      if key.utf8.count > YAMLReader.maximumKeyBytes {
        throw YAMLFailure(message: "a key is longer than \(YAMLReader.maximumKeyBytes) bytes", place: next.place)
      }
      let value = try node(try events.next(), depth: depth + 1)
      pairs.append(YAMLPair(key: key, keyPlace: next.place, value: value))
    }
  }
}

extension UInt8 {
  fileprivate static let yamlBlanks: Set<UInt8> = Set(" \t\r\n".utf8)
}

func firstByteThatIsNotUTF8(_ bytes: [UInt8]) -> Int? {
  do {
    _ = try UTF8Span(validating: bytes.span)
    return nil
  } catch {
    return error.byteOffsets.lowerBound
  }
}
