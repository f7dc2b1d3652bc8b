import Foundation
import Testing

@testable import DistilBERT

/// Model directories as they should be, and odd and hostile ones: each gives a tokeniser or an error that names the file.
@Suite struct TokenizerDirectoryTests {
  private static let vocabularyText = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##a\nA\né\ne\n中\n中a\n"

  /// A `tokenizer.json` with parts exchanged.
  private static func saved(
    vocabulary: String = ###""[UNK]":1,"[CLS]":2,"[SEP]":3,"a":5,"##a":6,"A":7,"é":8,"e":9,"中":10,"中a":11"###,
    model: String = #""type":"WordPiece","unk_token":"[UNK]""#,
    normalizer: String = #"{"type":"BertNormalizer","lowercase":true}"#, preTokenizer: String = #"{"type":"BertPreTokenizer"}"#,
    processor: String = #"{"type":"BertProcessing","cls":["[CLS]",2],"sep":["[SEP]",3]}"#, added: String = "[]"
  ) -> String {
    #"{"model":{\#(model),"vocab":{\#(vocabulary)}},"normalizer":\#(normalizer),"pre_tokenizer":\#(preTokenizer),"#
      + #""post_processor":\#(processor),"added_tokens":\#(added)}"#
  }

  private func load(_ files: [String: String]) throws -> Result<WordPieceTokenizer, TokenizerError> {
    try load(files.mapValues { Array($0.utf8) })
  }

  private func load(_ files: [String: [UInt8]]) throws -> Result<WordPieceTokenizer, TokenizerError> {
    var result: Result<WordPieceTokenizer, TokenizerError>?
    try withTemporaryDirectory { directory in
      for (name, content) in files { try Data(content).write(to: directory.appendingPathComponent(name)) }
      do throws(TokenizerError) {
        result = .success(try WordPieceTokenizer(directory: directory))
      } catch {
        result = .failure(error)
      }
    }
    return try #require(result)
  }

  private func expectFailure(_ result: Result<WordPieceTokenizer, TokenizerError>, _ parts: String...) {
    guard case .failure(let error) = result else {
      Issue.record("loaded, but was expected to fail with \(parts)")
      return
    }
    for part in parts { #expect(error.description.contains(part), "\(error)") }
  }

  // MARK: - What the files say

  @Test(arguments: [
    (#"{}"#, #"{"type":"BertNormalizer"}"#, ["a", "e", "中", "a"]),
    (#"{"do_lower_case":false}"#, #"{"type":"BertNormalizer"}"#, ["A", "é", "中", "a"]),
    (#"{"do_lower_case":true}"#, #"{"type":"BertNormalizer","lowercase":false}"#, ["A", "é", "中", "a"]),
    (#"{"strip_accents":false}"#, #"{"type":"BertNormalizer","strip_accents":null}"#, ["a", "é", "中", "a"]),
    (#"{"do_lower_case":false,"strip_accents":true}"#, #"{"type":"BertNormalizer"}"#, ["A", "e", "中", "a"]),
    (#"{"tokenize_chinese_chars":false}"#, #"{"type":"BertNormalizer"}"#, ["a", "e", "中a"]),
    (#"{"strip_accents":null}"#, #"{"type":"BertNormalizer","handle_chinese_chars":false}"#, ["a", "e", "中a"]),
    (#"{"do_lower_case":true}"#, "null", ["A", "é", "中a"]),
  ])
  func optionsOfBothFiles(config: String, normalizer: String, tokens: [String]) throws {
    let files = ["tokenizer_config.json": config, "tokenizer.json": Self.saved(normalizer: normalizer)]
    #expect(try load(files).get().tokens("A é 中a") == tokens)
    if normalizer == #"{"type":"BertNormalizer"}"# {
      #expect(
        try load(["tokenizer_config.json": config, "vocab.txt": Self.vocabularyText]).get().tokens("A é 中a") == tokens)
    }
  }

  @Test func savedModelAndTokens() throws {
    let template =
      #"{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}},{"SpecialToken":{"id":"</s>"}}],"#
      + #""special_tokens":{"<s>":{"ids":[1],"tokens":["<s>"]},"</s>":{"ids":[0],"tokens":["</s>"]}}}"#
    let tokenizer = try load([
      "tokenizer.json": Self.saved(
        vocabulary: #""</s>":0,"<s>":1,"?":2,"a":3,"\u00e9":9,"\ud83d\ude00":4"#,
        model: #""unk_token":"?","max_input_chars_per_word":2,"continuing_subword_prefix":"~""#, processor: template,
        added: #"[{"id":6,"content":"<x>","special":true,"lstrip":true,"rstrip":true},{"id":7,"content":"Aa","normalized":true}]"#
      )
    ]).get()
    #expect(tokenizer.clsID == 1 && tokenizer.sepID == 0 && tokenizer.unkID == 2)
    #expect(tokenizer.maskID == nil && tokenizer.padID == nil)
    #expect(tokenizer.vocabularyCount == 10)
    #expect(try tokenizer.encode("a 😀 <x> aA", maximumTokens: 20).ids == [1, 3, 4, 6, 7, 0])
    #expect(tokenizer.token(for: 5) == nil && tokenizer.token(for: 9) == "é")
  }

  @Test func vocabularyTextLines() throws {
    let config =
      #"{"cls_token":{"content":"<s>"},"sep_token":"</s>","added_tokens_decoder":{"3":{"content":"x","special":true}}}"#
    let files = ["vocab.txt": "<s>\r\n</s>\r\n[UNK]\r\nx\r\n\r\n\r\na", "tokenizer_config.json": config]
    let tokenizer = try load(files).get()
    #expect(tokenizer.vocabularyCount == 7)
    #expect(try tokenizer.encode("axa", maximumTokens: 9).ids == [0, 6, 3, 6, 1])
  }

  @Test func anotherModelLeavesVocabularyText() throws {
    let other = #"{"model":{"type":"BPE","vocab":{}}}"#
    expectFailure(try load(["tokenizer.json": other]), "tokenizer.json", "model.type", "BPE", "WordPiece")
    #expect(try load(["tokenizer.json": other, "vocab.txt": Self.vocabularyText]).get().vocabularyCount == 12)
  }

  // MARK: - Hostile files

  @Test func contradictions() throws {
    expectFailure(
      try load(["tokenizer.json": Self.saved(), "vocab.txt": Self.vocabularyText]), "tokenizer.json has 10", "vocab.txt has 12")
    let strip = #"{"type":"BertNormalizer","strip_accents":true}"#
    expectFailure(
      try load(["tokenizer.json": Self.saved(normalizer: strip), "tokenizer_config.json": #"{"strip_accents":false}"#]),
      "strip_accents", "tokenizer_config.json", "tokenizer.json")
    expectFailure(
      try load(["tokenizer.json": Self.saved(added: #"[{"id":5,"content":"[CLS]"}]"#)]), "[CLS]", "has id 5; expected 2")
    expectFailure(try load(["vocab.txt": Self.vocabularyText, "added_tokens.json": "{}"]), "added_tokens.json")
  }

  @Test(arguments: [
    ("", "is empty"), ("[UNK]\n[CLS]\n", "\"[SEP]\", which ends every text, is missing"),
    ("[UNK]\n[SEP]", "[CLS]"), ("[CLS]\n[SEP]\na", "[UNK]"),
    ("[UNK]\n[CLS]\n[SEP]\na\na", "\"a\" occurs twice, with ids 3 and 4"),
  ])
  func hostileVocabularyText(content: String, message: String) throws {
    expectFailure(try load(["vocab.txt": content]), "vocab.txt", message)
  }

  @Test(arguments: [
    ("", "expected a value"), ("[]", "an array; expected an object"), ("{", "quotation marks"), ("{}", "expected model"),
    ("nul", "expected null"), ("{\"model\":1}", "model is the integer 1; expected an object"), ("{} x", "expected the end"),
    (#"{"model":{"type":7}}"#, "model.type is the integer 7; expected a string"), (#"{"a":01}"#, "starts with 0"),
    (#"{"a":"\ud800"}"#, "surrogate"), (#"{"a":"\ud800\u0041"}"#, "surrogate"), (#"{"a":"\q"}"#, "escape"),
    (#"{"a":"\u12"}"#, "hexadecimal"),
    (#"{"a":-}"#, "expected a value"), (#"{"a":"b"#, "end of a string"), (#"{"a":1e}"#, "expected a value"),
    ("{\"a\":\"\n\"}", "control character"),
    (String(repeating: "[", count: 1_000_000), "nested more than 64"),
    (String(repeating: "{\"a\":", count: 100_000), "nested more than 64"),
    (saved(vocabulary: ""), "model.vocab is empty"), (saved(vocabulary: #""a":-1"#), "id -1"),
    (saved(vocabulary: #""a":4194304"#), "id 4194304"), (saved(vocabulary: #""a":99999999999999999999"#), "expected an id"),
    (saved(vocabulary: #""a":1.5"#), "expected an id"), (saved(vocabulary: #""a":"1""#), "expected an id"),
    (saved(vocabulary: #""a":1,"b":1"#), "id 1 belongs to two tokens"), (saved(vocabulary: #""a":1,"a":2"#), "occurs twice"),
    (saved(vocabulary: #""a":1"#), "is missing"), (saved(model: #""max_input_chars_per_word":0"#), "max_input_chars_per_word"),
    (saved(model: #""max_input_chars_per_word":9223372036854775807"#), "max_input_chars_per_word"),
    (saved(normalizer: #"{"type":"NFC"}"#), "normalizer.type"), (saved(normalizer: "{}"), "normalizer.type"),
    (
      saved(normalizer: #"{"type":"BertNormalizer","lowercase":1}"#),
      "normalizer.lowercase is the integer 1; expected true or false"
    ),
    (saved(preTokenizer: #"{"type":"ByteLevel"}"#), "pre_tokenizer.type"), (saved(preTokenizer: "null"), "pre_tokenizer"),
    (saved(processor: "null"), "post_processor"), (saved(processor: #"{"type":"RobertaProcessing"}"#), "post_processor.type"),
    (saved(processor: #"{"type":"TemplateProcessing","single":[]}"#), "post_processor.single"),
    (saved(processor: #"{"type":"BertProcessing","cls":[],"sep":[]}"#), "post_processor.cls"),
    (saved(added: #"[{"id":12}]"#), "added_tokens[0].content"), (saved(added: #"[{"id":90,"content":"x"}]"#), "has id 90"),
    (saved(added: #"[{"id":4294967296,"content":"x"}]"#), "added_tokens[0].id"),
    (saved(added: "{}"), "added_tokens is an object"),
    (saved(added: "[{\"id\":10,\"content\":\"\(String(repeating: "x", count: 2000))\"}]"), "2000 bytes"),
  ])
  func hostileSavedTokenizer(content: String, message: String) throws {
    expectFailure(try load(["tokenizer.json": content]), "tokenizer.json", message)
  }

  @Test(arguments: ["[]", "{\"do_lower_case\":\"yes\"}", "{\"cls_token\":3}", "{\"added_tokens_decoder\":{\"x\":{}}}", "{"])
  func hostileConfig(content: String) throws {
    expectFailure(
      try load(["tokenizer_config.json": content, "vocab.txt": Self.vocabularyText]), "tokenizer_config.json", "expected")
  }

  @Test func notUTF8() throws {
    for name in ["vocab.txt", "tokenizer.json", "tokenizer_config.json"] {
      expectFailure(try load([name: Array("[UNK]\n".utf8) + [0xC3, 0x28]]), name, "byte 6", "UTF-8")
    }
  }

  @Test func filesThatAreNone() throws {
    try withTemporaryDirectory { directory in
      #expect(throws: TokenizerError.self) { try WordPieceTokenizer(directory: directory) }
      #expect(throws: TokenizerError.self) { try WordPieceTokenizer(directory: directory.appendingPathComponent("none")) }
      let file = directory.appendingPathComponent("tokenizer.json")

      try FileManager.default.createDirectory(at: file, withIntermediateDirectories: false)
      expectRegularFile(directory)
      try FileManager.default.removeItem(at: file)

      // A named pipe that nobody writes to.
      #expect(mkfifo(file.path, 0o600) == 0)
      expectRegularFile(directory)
      try FileManager.default.removeItem(at: file)

      try FileManager.default.createSymbolicLink(at: file, withDestinationURL: URL(fileURLWithPath: "/dev/zero"))
      expectRegularFile(directory)
      try FileManager.default.removeItem(at: file)

      // Larger than allowed, without the blocks.
      #expect(FileManager.default.createFile(atPath: file.path, contents: nil))
      let handle = try FileHandle(forWritingTo: file)
      try handle.truncate(atOffset: 1 << 40)
      try handle.close()
      #expect { try WordPieceTokenizer(directory: directory) } throws: { "\($0)".contains("expected at most") }
    }
  }

  private func expectRegularFile(_ directory: URL) {
    #expect { try WordPieceTokenizer(directory: directory) } throws: { "\($0)".contains("not a regular file") }
  }
}
