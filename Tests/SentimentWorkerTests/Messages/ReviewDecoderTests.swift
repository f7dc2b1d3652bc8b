import Testing

@testable import SentimentWorker

struct ReviewDecoderTests {
  private func decode(_ value: [UInt8]?, pointer: String? = "/text", enrichedMember: String? = nil, maximumBytes: Int = 1 << 20)
    throws -> ReviewDecoder.Result
  {
    let format: ReviewDecoder.Format = try pointer.map { .json(try JSONPointer($0)) } ?? .text
    let decoder = ReviewDecoder(format: format, enrichedMember: enrichedMember, maximumBytes: maximumBytes)
    guard let value else { return decoder.decode(nil) }
    return decoder.decode(value.span)
  }

  private func text(_ value: String, pointer: String? = "/text") throws -> String? {
    let bytes = [UInt8](value.utf8)
    guard case .review(let review) = try decode(bytes, pointer: pointer) else { return nil }
    return review.text.withUTF8(in: bytes.span) { utf8 in
      String(decoding: utf8.indices.map { utf8[$0] }, as: UTF8.self)
    }
  }

  private func reason(_ value: [UInt8], pointer: String? = "/text", enrichedMember: String? = nil, maximumBytes: Int = 1 << 20)
    throws -> String?
  {
    guard
      case .unusable(let unusable) = try decode(
        value, pointer: pointer, enrichedMember: enrichedMember, maximumBytes: maximumBytes)
    else { return nil }
    return unusable.reason.rawValue
  }

  @Test func textIsFound() throws {
    #expect(try text("Lovely é\0😀\n", pointer: nil) == "Lovely é\0😀\n")
    #expect(try text(#"{"id":1,"text":"Lovely é"}"#) == "Lovely é")
    #expect(try text(#"{"text":"Lo\nvely \ud83d\ude00"}"#) == "Lo\nvely 😀")
    #expect(try text(#"{"r":[{"t":"deep"}]}"#, pointer: "/r/0/t") == "deep")
  }

  @Test func textWithoutEscapesIsNotCopied() throws {
    guard case .review(let review) = try decode([UInt8](#"{"text":"abc"}"#.utf8)) else { return #expect(Bool(false)) }
    #expect(review.text == .inPlace(9..<12))
    #expect(review.text.byteCount == 3)
    #expect(review.splice == nil)
  }

  @Test func aNullValueIsATombstoneWhateverTheFormat() throws {
    #expect(try decode(nil) == .unusable(.tombstone))
    #expect(try decode(nil, pointer: nil) == .unusable(.tombstone))
    #expect(try decode([]) != .unusable(.tombstone))
  }

  @Test(arguments: [
    ("nonsense", "not-json"), ("", "not-json"), (#"{"text":"a"} x"#, "not-json"), (#"{"text":"a\#u{1}"}"#, "not-json"),
    (#"{"other":"a"}"#, "field-missing"), ("[]", "field-missing"), ("\"a\"", "field-missing"),
    (#"{"text":{"a":1}}"#, "not-a-string"),
    (#"{"text":1}"#, "not-a-string"), (#"{"text":null}"#, "not-a-string"), (#"{"text":["a"]}"#, "not-a-string"),
    (#"{"text":"a \ud800"}"#, "lone-surrogate"), (#"{"text":""}"#, "blank"), (#"{"text":" \t\n\u00a0"}"#, "blank"),
    (#"{"text":"   "}"#, "blank"), (#"{"text":"a","text":""}"#, "blank"),
  ])
  func eachKindOfBadJSONHasItsReason(value: String, expected: String) throws {
    #expect(try reason([UInt8](value.utf8)) == expected)
  }

  @Test func badBytesDepthAndSizeHaveTheirReasons() throws {
    #expect(try reason([UInt8](#"{"text":""#.utf8) + [0xFF] + [UInt8](#""}"#.utf8)) == "not-utf8")
    #expect(try reason([0x61, 0xC3], pointer: nil) == "not-utf8")
    #expect(try reason([UInt8](repeating: UInt8(ascii: "["), count: 100_000)) == "too-deep")
    #expect(try reason([UInt8](repeating: UInt8(ascii: "a"), count: 101), pointer: nil, maximumBytes: 100) == "too-large")
    #expect(try reason([UInt8](repeating: UInt8(ascii: "a"), count: 100), pointer: nil, maximumBytes: 100) == nil)
  }

  /// Every White_Space character of Unicode and none other is blank.
  @Test func blankIsUnicodeWhiteSpace() throws {
    for value in UInt32(0)...0x3100 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let bytes = [UInt8](String(Character(scalar)).utf8)
      let expected = scalar.properties.isWhitespace ? "blank" : nil
      #expect(try reason(bytes, pointer: nil) == expected, "U+\(String(value, radix: 16))")
    }
    #expect(try reason([], pointer: nil) == "blank")
    #expect(try reason([UInt8](" \u{3000}\r\n".utf8), pointer: nil) == "blank")
  }

  @Test func confluentFramesAreRecognised() throws {
    guard case .unusable(let unusable) = try decode([0, 0, 0, 0, 7] + [UInt8](#"{"text":"a"}"#.utf8)) else {
      return #expect(Bool(false))
    }
    #expect(unusable.reason == .notJSON && unusable.detail.contains("Confluent"))
  }

  @Test func detailsHoldNothingOfTheText() throws {
    let secret = "hunter2"
    for value in [
      "\(secret)", #"{"text":"\#(secret)\ud800"}"#, #"{"\#(secret)":1}"#, #"{"text":"\#(secret)" \#(secret)}"#,
      #"{"text":{"\#(secret)":1}}"#,
    ] {
      guard case .unusable(let unusable) = try decode([UInt8](value.utf8)) else { return #expect(Bool(false)) }
      #expect(!unusable.detail.contains(secret))
    }
  }

  @Test func whatCannotBeEnrichedHasItsReason() throws {
    let mine = #"{"text":"a","sentiment":{"model":{"fingerprint":"f"}}}"#
    #expect(try reason([UInt8](mine.utf8), enrichedMember: "sentiment") == nil)
    for theirs in [#""good""#, "{}", "null", #"{"model":"x"}"#, #"{"model":{"fingerprint":1}}"#] {
      let document = #"{"sentiment":\#(theirs),"text":"a"}"#
      #expect(try reason([UInt8](document.utf8), enrichedMember: "sentiment") == "member-exists")
      #expect(try reason([UInt8](document.utf8), enrichedMember: "verdict") == nil)
      #expect(try reason([UInt8](document.utf8)) == nil)
    }
    let twice = #"{"sentiment":1,"text":"a","sentiment":{"model":{"fingerprint":"f"}}}"#
    #expect(try reason([UInt8](twice.utf8), enrichedMember: "sentiment") == "member-exists")
    #expect(try reason([UInt8](#"["a"]"#.utf8), pointer: "/0", enrichedMember: "sentiment") == "not-an-object")
    #expect(try reason([UInt8]("a".utf8), pointer: nil, enrichedMember: "sentiment") == "not-an-object")
  }
}
