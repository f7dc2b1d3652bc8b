import Testing

@testable import SentimentWorker

/// What a pointer finds in a document, as text; for a string with its escapes undone.
private func found(_ pointer: String, in document: String) throws -> String? {
  let bytes = [UInt8](document.utf8)
  let scan = try JSONText.scan(bytes.span, for: [JSONPointer(pointer)])
  guard let value = scan.matches[0].value else { return nil }
  if value.kind == .string {
    return String(decoding: try JSONText.unescape(bytes.span, content: value.content), as: UTF8.self)
  }
  return String(decoding: bytes[value.range], as: UTF8.self)
}

private func fault(in bytes: [UInt8], maximumDepth: Int = JSONText.defaultMaximumDepth) -> JSONTextError? {
  do throws(JSONTextError) {
    _ = try JSONText.scan(bytes.span, for: [], maximumDepth: maximumDepth)
    return nil
  } catch {
    return error
  }
}

struct JSONPointerTests {
  @Test func stepsAndEscapes() throws {
    #expect(try JSONPointer("").tokens.isEmpty)
    #expect(try JSONPointer("/").tokens == [.init(name: [], index: nil)])
    let tokens = try JSONPointer("/a~1b/~0~01/0/01/-/12").tokens
    #expect(tokens.map { String(decoding: $0.name, as: UTF8.self) } == ["a/b", "~~1", "0", "01", "-", "12"])
    #expect(tokens.map(\.index) == [nil, nil, 0, nil, nil, 12])
    #expect(try JSONPointer("/99999999999999999999").tokens[0].index == nil)
    #expect(JSONPointer(members: ["a/b", "~"]).description == "/a~1b/~0")
    #expect(try JSONPointer(members: ["a/b", "~"]).tokens == JSONPointer("/a~1b/~0").tokens)
  }

  @Test(arguments: ["text", "text/a", "/a~", "/a~2"]) func faultsAreExplained(pointer: String) {
    #expect(throws: JSONPointerError.self) { try JSONPointer(pointer) }
  }
}

struct JSONTextTests {
  @Test func pointersFindValues() throws {
    let document = #" { "a" : { "b" : [ 10 , "x\ny" , { "c" : null } ] } , "" : true, "t/u": "v", "n": -1.5e3 } "#
    #expect(try found("/a/b/1", in: document) == "x\ny")
    #expect(try found("/a/b/0", in: document) == "10")
    #expect(try found("/a/b/2/c", in: document) == "null")
    #expect(try found("/a/b/2", in: document) == #"{ "c" : null }"#)
    #expect(try found("/a/b", in: document) == #"[ 10 , "x\ny" , { "c" : null } ]"#)
    #expect(try found("/", in: document) == "true")
    #expect(try found("/t~1u", in: document) == "v")
    #expect(try found("/n", in: document) == "-1.5e3")
    #expect(try found("", in: document)?.first == "{")
    for missing in ["/b", "/a/b/3", "/a/b/01", "/a/b/-", "/a/b/0/x", "/n/0", "/a/c", "/c"] {
      #expect(try found(missing, in: document) == nil, "\(missing)")
    }
    #expect(try found("", in: #""whole\u00e9""#) == "wholeé")
    #expect(try found("/1/0", in: "[[1],[2,[3]],[4]]") == "2")
    #expect(try found("/1/1/0", in: "[[1],[2,[3]],[4]]") == "3")
  }

  @Test func theLastOfEqualNamesCounts() throws {
    #expect(try found("/a", in: #"{"a":1,"a":2}"#) == "2")
    #expect(try found("/a/b", in: #"{"a":{"b":1},"a":{"c":2}}"#) == nil)
    #expect(try found("/a/b", in: #"{"a":{"b":1},"a":3}"#) == nil)
    #expect(try found("/a/b", in: #"{"a":{"b":1},"a":{"b":2,"b":{}}}"#) == "{}")
    #expect(try found("/a/0", in: #"{"a":[1],"a":[2,3]}"#) == "2")
    // Names are equal after their escapes are undone.
    #expect(try found("/a", in: #"{"a":1,"\u0061":2}"#) == "2")
    #expect(try found("/a", in: #"{"a":1,"\ud800":2}"#) == "1")
    let twice = [UInt8](#"{"a":1,"a":2}"#.utf8)
    #expect(try JSONText.scan(twice.span, for: [JSONPointer("/a")]).matches[0].occurrences == 2)
  }

  @Test func namesDeeperDownDoNotMatch() throws {
    #expect(try found("/text", in: #"{"meta":{"text":"wrong"},"list":[{"text":"wrong"}],"text":"right"}"#) == "right")
    #expect(try found("/text", in: #"{"meta":{"text":"wrong"},"list":["text"]}"#) == nil)
    #expect(try found("/a/b", in: #"{"x":{"b":1},"a":{"x":{"b":2},"b":3,"y":[{"b":4}]}}"#) == "3")
  }

  @Test func escapesAreUndone() throws {
    #expect(try found("", in: #""\"\\\/\b\f\n\r\t\u0000\u00E9\u20ac\uD83D\uDE00é""#) == "\"\\/\u{8}\u{c}\n\r\t\0é€😀é")
  }

  @Test(arguments: [
    #""\ud800""#, #""\udc00""#, #""\ud800x""#, #""\ud800\n""#, #""\ud800\u0041""#, #""a\ude00\ud83d""#, #""\ud83d\ud83d\ude00""#,
  ])
  func halfASurrogatePairIsJSONButNoText(document: String) throws {
    let bytes = [UInt8](document.utf8)
    let scan = try JSONText.scan(bytes.span, for: [])
    let error = #expect(throws: JSONTextError.self) { _ = try JSONText.unescape(bytes.span, content: scan.root.content) }
    #expect(error?.kind == .loneSurrogate)
  }

  @Test(arguments: [
    ("", 0), (" \n", 2), ("{", 1), ("[1,]", 3), ("{\"a\":1,}", 7), ("{\"a\"}", 4), ("{a:1}", 1), ("[1 2]", 3), ("01", 1),
    ("-", 1),
    ("1.", 2), (".5", 0), ("1e", 2), ("1e+", 3), ("+1", 0), ("0x1", 1), ("tru", 3), ("True", 0), ("nulll", 4), ("NaN", 0),
    ("\"a", 2), ("\"\\x\"", 1), ("\"\\u12g4\"", 1), ("\"\\u12", 5), ("\"\\", 2), ("\"a\nb\"", 2), ("{} {}", 3), ("[]]", 2),
    ("1,", 1),
    ("'a'", 0), ("[", 1), ("]", 0), ("{\"a\":}", 5), ("{\"a\" 1}", 5), ("{,}", 1), ("[,]", 1), ("{\"a\":1]", 6), ("[1}", 2),
    ("\u{A0}1", 0), ("1\0", 1), ("\u{FEFF}", 3), ("{\u{FEFF}}", 1),
  ])
  func faultsAreFoundWhereTheyAre(document: String, offset: Int) {
    let error = fault(in: [UInt8](document.utf8))
    #expect(error?.offset == offset, "\(document): \(error?.description ?? "valid")")
  }

  @Test(arguments: [
    "0", "-0", "1.50", "1E9", "1e-9", "123456789012345678901234567890", "true", "false", "null", "\"\"", "[]", "{}", " [ ] ",
    "\t{\r}\n",
    "[[],{},[{}]]", "\u{FEFF}{}", "\"\u{7f}\u{85}\u{2028}\"",
  ])
  func legalDocumentsAreTaken(document: String) {
    #expect(fault(in: [UInt8](document.utf8)) == nil)
  }

  @Test(
    arguments: [
      [0xFF], [0x22, 0xC3, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
      [0x22, 0x80, 0x22], [0x5B, 0xE2, 0x82],
    ] as [[UInt8]])
  func bytesThatAreNotUTF8(bytes: [UInt8]) {
    #expect(fault(in: bytes)?.kind == .notUTF8)
  }

  @Test func depthIsBoundedByTheLimitNotTheStack() {
    let bomb = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
    #expect(fault(in: bomb) == JSONTextError(kind: .tooDeep(maximum: 1000), offset: 1000))
    let closed = bomb + [UInt8](repeating: UInt8(ascii: "]"), count: 100_000)
    #expect(fault(in: closed, maximumDepth: 100_000) == nil)
    #expect(fault(in: closed, maximumDepth: 99_999)?.offset == 99_999)
    #expect(fault(in: bomb, maximumDepth: .max)?.offset == 100_000)
    var mixed: [UInt8] = []
    for _ in 0..<500 { mixed += [UInt8](#"{"a":["#.utf8) }
    for _ in 0..<500 { mixed += [UInt8]("]}".utf8) }
    #expect(fault(in: mixed) == nil)
    mixed[mixed.count - 1] = UInt8(ascii: "]")
    #expect(fault(in: mixed)?.offset == mixed.count - 1)
  }

  @Test func megabytesAreFine() throws {
    let text = [UInt8](repeating: UInt8(ascii: "x"), count: 8 << 20)
    let document = [UInt8](#"{"text":""#.utf8) + text + [UInt8](#"\n"}"#.utf8)
    let scan = try JSONText.scan(document.span, for: [JSONPointer("/text")])
    let value = try #require(scan.matches[0].value)
    #expect(value.content.count == text.count + 2)
    #expect(try JSONText.unescape(document.span, content: value.content).count == text.count + 1)
  }
}
