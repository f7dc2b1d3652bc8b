import Testing

@testable import DistilBERT

@Suite("JSON of model files")
struct JSONParserTests {
  private func parse(_ text: String, _ duplicateKeys: JSONValue.DuplicateKeys = .refused) throws(JSONError) -> JSONValue {
    try JSONValue(parsing: Array(text.utf8), duplicateKeys: duplicateKeys)
  }

  @Test("integers are exact to the ends of Int; other numbers stay as written")
  func numbers() throws {
    for value in [Int.min, -1, 0, 9_007_199_254_740_993, Int.max] {
      guard case .integer(value) = try parse("\(value)") else {
        Issue.record("\(value)")
        continue
      }
    }
    let others = ["9223372036854775808", "-9223372036854775809", "1.0", "1e400", "-0.5E-7", "NaN", "Infinity", "-Infinity"]
    for text in others {
      guard case .number(Array(text.utf8)) = try parse(" \(text)\n") else {
        Issue.record("\(text)")
        continue
      }
    }
  }

  @Test("strings are bytes with escapes resolved")
  func strings() throws {
    #expect(try parse(#""a\"\\\/\b\f\n\r\t\u0000\u00E9\ud83d\ude00é😀""#).text == "a\"\\/\u{8}\u{C}\n\r\t\0\u{E9}😀é😀")
    #expect(try parse("\"\"").text == "" && parse("1").text == nil)
  }

  @Test("members keep their order; keys are equal where their bytes are")
  func members() throws {
    // A letter with an accent in one code point and in two, which `String` holds for the same.
    guard case .object(let members) = try parse("{\"z\": 1, \"\u{E9}\": 2, \"e\u{301}\": 3}") else {
      Issue.record("no object")
      return
    }
    #expect(members.map { Array($0.key) } == ["z", "\u{E9}", "e\u{301}"].map { Array($0.utf8) })
    guard case .integer(2) = members["\u{E9}"], case .integer(3) = members["e\u{301}"] else {
      Issue.record("wrong member")
      return
    }
    #expect(members["a"] == nil)
  }

  @Test("a key that occurs twice is refused where it begins, or kept")
  func duplicates() throws {
    let text = #"[{"a": {"a": 1}}, {"b": 1, "\u0062": 2}]"#
    #expect(throws: JSONError(offset: 27, expected: nil, found: "the key \"b\" occurs twice")) { try parse(text) }
    guard case .array(let elements) = try parse(text, .kept), case .object(let members) = elements[1],
      case .integer(2) = members["b"]
    else {
      Issue.record("not kept")
      return
    }
    #expect(members.count == 2)
  }

  @Test(
    "an error has the offset, what was expected and what is there",
    arguments: [
      ("", 0, "a value", "the end of the file"), ("{\"a\" 1}", 5, "\":\"", "\"1\""), ("[1 é]", 3, "\",\" or \"]\"", "\"é\""),
      ("{\"a\":1,}", 7, "a key in quotation marks", "\"}\""), ("[1]]", 3, "the end of the file", "\"]\""),
      ("[nul]", 1, "null", "\"n\""), ("\"\\u12\"", 5, "four hexadecimal digits", "\"\"\""),
      ("-", 1, "a value", "the end of the file"),
      ("\"\\", 2, "the end of an escape", "the end of the file"), ("[00]", 3, nil, "a number starts with 0"),
      ("\"\u{1}\"", 1, nil, "a control character in a string"), ("\"\\udc00\"", 7, nil, "half of a surrogate pair"),
    ] as [(String, Int, String?, String)])
  func errors(text: String, offset: Int, expected: String?, found: String) {
    #expect(throws: JSONError(offset: offset, expected: expected, found: found)) { try parse(text) }
  }

  @Test("bytes that are not UTF-8 are refused wherever they are")
  func notUTF8() {
    for bytes in [[0x22, 0xED, 0xA0, 0x80, 0x22], [0x31, 0xFF], [0x22, 0xC3]] as [[UInt8]] {
      let error = #expect(throws: JSONError.self) { try JSONValue(parsing: bytes, duplicateKeys: .kept) }
      #expect(error?.offset == 1 && error?.expected == "UTF-8")
    }
  }

  @Test("nesting and the number of values are bounded")
  func bounds() throws {
    func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    _ = try parse(nested(JSONParser.depthLimit))
    #expect(throws: JSONError(offset: 64, expected: nil, found: "nested more than 64 deep")) { try parse(nested(65)) }
    let list = Array("[1, {\"a\": 2}]".utf8)
    _ = try JSONValue(parsing: list, duplicateKeys: .refused, valueLimit: 4)
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: list, duplicateKeys: .refused, valueLimit: 3) }
    #expect(error?.found == "more than 3 values")
  }
}
