import Foundation
import Testing

@testable import DistilBERT

/// What `tokenizer_config.json` says beside the options of normalising: lengths, ends and classes.
@Suite struct TokenizerConfigTests {
  private static let vocabularyText = "[UNK]\n[CLS]\n[SEP]\na\nb\n"

  /// A `tokenizer.json` of the same tokens, or of others.
  private static func saved(
    vocabulary: String = ##""[UNK]":0,"[CLS]":1,"[SEP]":2,"a":3,"b":4"##, truncation: String = "null"
  ) -> String {
    #"{"model":{"type":"WordPiece","unk_token":"[UNK]","vocab":{\#(vocabulary)}},"normalizer":{"type":"BertNormalizer"},"#
      + #""pre_tokenizer":{"type":"BertPreTokenizer"},"truncation":\#(truncation),"#
      + #""post_processor":{"type":"BertProcessing","cls":["[CLS]",1],"sep":["[SEP]",2]},"added_tokens":[]}"#
  }

  private func load(config: String = "{}", _ others: [String: String] = [:]) throws -> WordPieceTokenizer {
    var files = ["tokenizer_config.json": config, "vocab.txt": Self.vocabularyText]
    files.merge(others) { $1 }
    var result: WordPieceTokenizer?
    try withTemporaryDirectory { directory in
      for (name, content) in files { try Data(content.utf8).write(to: directory.appendingPathComponent(name)) }
      result = try WordPieceTokenizer(directory: directory)
    }
    return try #require(result)
  }

  private func message(_ body: () throws -> WordPieceTokenizer) throws -> String {
    try #require(throws: TokenizerError.self) { _ = try body() }.description
  }

  @Test(arguments: [
    ("128", 128), ("2", 2), ("1", nil), ("-1", nil), ("0", nil), ("null", nil), ("1e30", nil), ("512.0", nil),
    ("1000000000000000019884624838656", nil),
  ])
  func maximumLength(text: String, expected: Int?) throws {
    #expect(try load(config: #"{"model_max_length":\#(text)}"#).maximumLength == expected)
  }

  @Test func maximumLengthOfNoNumber() throws {
    #expect(try load().maximumLength == nil)
    #expect(try message { try load(config: #"{"model_max_length":"512"}"#) }.contains("model_max_length"))
  }

  @Test(arguments: [
    "DistilBertTokenizer", "DistilBertTokenizerFast", "BertTokenizer", "BertTokenizerFast", "BertTokenizerLegacy",
    "PreTrainedTokenizerFast", "TokenizersBackend", "ElectraTokenizerFast",
  ])
  func classOfBERT(name: String) throws { _ = try load(config: #"{"tokenizer_class":"\#(name)"}"#) }

  @Test(arguments: ["RobertaTokenizer", "AlbertTokenizerFast", "BertJapaneseTokenizer", "", "Fast"])
  func otherClass(name: String) throws {
    let message = try message { try load(config: #"{"tokenizer_class":"\#(name)"}"#) }
    #expect(message.contains("tokenizer_class is the string \"\(name)\", which is not supported"))
  }

  @Test func truncationSide() throws {
    #expect(try message { try load(config: #"{"truncation_side":"left"}"#) }.contains("truncation_side is the string \"left\""))
    let left = ["tokenizer.json": Self.saved(truncation: #"{"direction":"Left","max_length":128}"#)]
    #expect(try message { try load(left) }.contains("truncation.direction is the string \"Left\""))
    // What tokenizer_config.json says counts, as it does for the reference.
    _ = try load(config: #"{"truncation_side":"right"}"#, left)
    _ = try load(["tokenizer.json": Self.saved(truncation: #"{"direction":"Right"}"#)])
    _ = try load(["tokenizer.json": Self.saved(truncation: #"{"max_length":128}"#)])
  }

  @Test func filesWithOtherTokens() throws {
    let swapped = ["tokenizer.json": Self.saved(vocabulary: ##""[UNK]":0,"[CLS]":1,"[SEP]":2,"b":3,"a":4"##)]
    let message = try message { try load(swapped) }
    #expect(message.contains("has the token \"b\" where") && message.contains("vocab.txt has \"a\""))
    // Saved in the order of ids, whose gaps vocab.txt cannot show.
    let gap = ["tokenizer.json": Self.saved(vocabulary: ##""b":7,"[UNK]":0,"[CLS]":1,"[SEP]":2,"a":4"##)]
    #expect(try load(gap).vocabularyCount == 8)
  }

  @Test func pointersMarksAndFiles() throws {
    let pointer = try message { try load(["tokenizer.json": "version https://git-lfs.github.com/spec/v1\n"]) }
    #expect(pointer.contains("tokenizer.json: is a Git LFS pointer") && pointer.contains("git lfs pull"))
    #expect(try message { try load(config: "\u{FEFF}{}") }.contains("found a byte order mark"))
    try withTemporaryDirectory { directory in
      let file = directory.appendingPathComponent("vocab.txt")
      try Data(Self.vocabularyText.utf8).write(to: file)
      let error = try #require(throws: TokenizerError.self) { try WordPieceTokenizer(directory: file) }
      #expect(error.description == "\(file.path): a directory is expected, this is a file")
    }
  }
}
