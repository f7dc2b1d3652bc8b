import Foundation

@testable import DistilBERT

/// A model directory that must not load, and the error that it must give.
struct HostileDirectory: CustomStringConvertible, Sendable {
  let description: String
  let kind: ModelError.Kind
  /// The file that the error names.
  let file: String
  /// What the error's subject contains: tensor, field or place in the file.
  let subject: String
  /// Damages a sound directory of `SyntheticModel()`.
  let damage: @Sendable (ModelDirectory) throws -> Void

  static let all: [HostileDirectory] =
    files + configurationTexts + configurationFields + headers + entries + eachTensor + mismatches

  private static let config = "config.json"
  private static let weights = "model.safetensors"
  private static let shape = SyntheticModel()

  // MARK: Files

  private static let files: [HostileDirectory] = [config, weights].flatMap { name -> [HostileDirectory] in
    func make(_ what: String, _ damage: @escaping @Sendable (ModelDirectory) throws -> Void) -> HostileDirectory {
      HostileDirectory(description: "\(name): \(what)", kind: .unreadableFile, file: name, subject: "file", damage: damage)
    }
    return [
      make("missing") { try $0.remove(name) },
      make("empty") { try $0.write(Data(), to: name) },
      make("a directory") {
        try $0.remove(name)
        try FileManager.default.createDirectory(at: $0.url.appending(path: name), withIntermediateDirectories: false)
      },
      make("a link to itself") {
        try $0.remove(name)
        try FileManager.default.createSymbolicLink(atPath: $0.url.appending(path: name).path, withDestinationPath: name)
      },
      make("a dangling link") {
        try $0.remove(name)
        try FileManager.default.createSymbolicLink(atPath: $0.url.appending(path: name).path, withDestinationPath: "nowhere")
      },
      make("a pipe") {
        try $0.remove(name)
        mkfifo($0.url.appending(path: name).path, 0o600)
      },
      make("a Git LFS pointer") {
        try $0.write(Data("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 45438764\n".utf8), to: name)
      },
      make("a device") {
        try $0.remove(name)
        try FileManager.default.createSymbolicLink(atPath: $0.url.appending(path: name).path, withDestinationPath: "/dev/zero")
      },
    ]
  }

  // MARK: config.json

  private static let configurationTexts: [HostileDirectory] = {
    func make(_ what: String, _ bytes: Data, subject: String = "byte") -> HostileDirectory {
      HostileDirectory(description: "config.json: \(what)", kind: .malformedConfiguration, file: config, subject: subject) {
        try $0.write(bytes, to: config)
      }
    }
    let sound = Data(shape.configuration.utf8)
    return [
      make("not JSON", Data("dim: 768".utf8)), make("blank", Data(" \n".utf8)), make("cut off", sound.dropLast()),
      make("cut in half", sound.prefix(sound.count / 2)), make("followed by more", sound + Data("{}".utf8)),
      make("not UTF-8", Data("{\"model_type\": \"".utf8) + Data([0xff, 0xfe]) + Data("\"}".utf8)),
      make("UTF-16", Data([0xff, 0xfe]) + Data(shape.configuration.utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] })),
      make("byte order mark", Data([0xef, 0xbb, 0xbf]) + sound), make("zero bytes", Data(count: 4096)),
      make("100,000 brackets", Data(repeating: UInt8(ascii: "["), count: 100_000)),
      make("100,000 objects", Data(String(repeating: "{\"a\":", count: 100_000).utf8)),
      make("a list", Data("[]".utf8), subject: "document"), make("null", Data("null".utf8), subject: "document"),
      make("a number", Data("7".utf8), subject: "document"), make("a key twice", Data("{\"dim\": 8, \"dim\": 8}".utf8)),
      make("a lone surrogate", Data("{\"a\": \"\\ud800\"}".utf8)), make("a bad escape", Data("{\"a\": \"\\x\"}".utf8)),
      make("a line break in a string", Data("{\"a\": \"\n\"}".utf8)), make("a leading zero", Data("{\"dim\": 08}".utf8)),
      make("a trailing comma", Data("{\"dim\": 8,}".utf8)), make("single quotes", Data("{'dim': 8}".utf8)),
      make("17 MB", Data(repeating: UInt8(ascii: " "), count: 17 << 20), subject: "file"),
    ]
  }()

  private static func field(_ name: String, _ value: String, _ kind: ModelError.Kind, subject: String? = nil)
    -> HostileDirectory
  {
    HostileDirectory(description: "config.json: \(name) = \(value)", kind: kind, file: config, subject: subject ?? name) {
      let pattern = try Regex("\"\(name)\": (\\{[^}]*\\}|[^,}\\n]*)")
      let text = shape.configuration
      let changed =
        text.contains(pattern)
        ? text.replacing(pattern) { _ in "\"\(name)\": \(value)" } : "{\"\(name)\": \(value), " + text.dropFirst()
      try $0.write(Data(changed.utf8), to: config)
    }
  }

  private static let configurationFields: [HostileDirectory] = {
    let integers = ["dim", "n_heads", "n_layers", "hidden_dim", "max_position_embeddings", "vocab_size"]
    let malformed = ["\"8\"", "8.0", "1e3", "true", "[8]", "{}", "NaN", "99999999999999999999999"]
    let unsupported = ["-1", "-9223372036854775808", "9223372036854775807", "1000000000"]
    var result = integers.flatMap { name in
      malformed.map { field(name, $0, .malformedConfiguration) } + unsupported.map { field(name, $0, .unsupportedConfiguration) }
    }
    for name in integers where name != "n_layers" { result.append(field(name, "0", .unsupportedConfiguration)) }
    result += [
      field("n_heads", "3", .unsupportedConfiguration), field("model_type", "\"bert\"", .unsupportedConfiguration),
      field("model_type", "7", .malformedConfiguration), field("activation", "\"gelu_new\"", .unsupportedConfiguration),
      field("activation", "\"\"", .unsupportedConfiguration), field("activation", "1", .malformedConfiguration),
      field("sinusoidal_pos_embds", "\"no\"", .malformedConfiguration), field("id2label", "[]", .malformedConfiguration),
      field("id2label", "\"x\"", .malformedConfiguration), field("id2label", "{}", .unsupportedConfiguration),
      field("id2label", "{\"1\": \"a\", \"2\": \"b\"}", .malformedConfiguration),
      field("id2label", "{\"0\": \"a\", \"x\": \"b\"}", .malformedConfiguration),
      field("id2label", "{\"0\": \"a\", \"01\": \"b\"}", .malformedConfiguration),
      field("id2label", "{\"0\": \"a\", \"-1\": \"b\"}", .malformedConfiguration),
      field("id2label", "{\"0\": 1, \"1\": \"b\"}", .malformedConfiguration, subject: "id2label.0"),
      field("id2label", "{\"0\": \"a\", \"1\": \"a\"}", .malformedConfiguration, subject: "id2label.1"),
      field("num_labels", "3", .malformedConfiguration), field("num_labels", "0", .unsupportedConfiguration),
      field("num_labels", "\"2\"", .malformedConfiguration),
      field("architectures", "[\"DistilBertForMaskedLM\"]", .unsupportedConfiguration),
      field("architectures", "\"DistilBertForSequenceClassification\"", .malformedConfiguration),
      field("architectures", "[7]", .malformedConfiguration),
      field("quantization_config", "{\"load_in_8bit\": true}", .unsupportedConfiguration),
    ]
    result += ["", " ", "\\u0000", "a\\nb", "\\u001b[31m", "\\u0085", "\\u2028", "\\u007f"].map {
      field("id2label", "{\"0\": \"a\", \"1\": \"\($0)\"}", .malformedConfiguration, subject: "id2label.1")
    }
    return result
  }()

  // MARK: The safetensors header

  private static let headers: [HostileDirectory] = {
    func make(_ what: String, _ bytes: Data, subject: String = "header") -> HostileDirectory {
      HostileDirectory(description: "safetensors: \(what)", kind: .malformedCheckpoint, file: weights, subject: subject) {
        try $0.write(bytes, to: weights)
      }
    }
    func header(_ text: String, length: UInt64? = nil) -> Data {
      ModelDirectory.file(header: Data(text.utf8), length: length, data: [Data(count: 64)])
    }
    let list = String(repeating: "[", count: 100_000)
    let nothing = "{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}"
    return [
      make("one byte", Data([1])), make("eight bytes", Data(count: 8)), make("nine bytes", Data(count: 9)),
      make("zero bytes", Data(count: 4096), subject: "header length"),
      make("text", Data("<!doctype html><title>Not Found</title>".utf8)),
      make("length 1", header("{}", length: 1), subject: "header length"),
      make("length past the end", header("{}", length: 67), subject: "header length"),
      make("length of 100 GB", header("{}", length: 100_000_000_000), subject: "header length"),
      make("length 2^63", header("{}", length: 1 << 63), subject: "header length"),
      make("length 2^64 - 1", header("{}", length: .max), subject: "header length"),
      make("length within the header", header("{\"a\": 1}", length: 4)), make("not JSON", header("no JSON")),
      make("a list", header("[]")), make("a string", header("\"weights\"")), make("no end", header("{\"a\":")),
      make("100,000 brackets", header(list)), make("100,000 brackets inside", header("{\"a\":\(list)")),
      make("not UTF-8", ModelDirectory.file(header: Data([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]), data: [])),
      make("names that are equal to Unicode", header("{\"\u{E9}\":\(nothing),\"e\u{301}\":\(nothing)}"), subject: "\u{E9}"),
      make("an entry twice", header("{\"a\":{},\"a\":{}}")), make("no tensors, but data", header("{}"), subject: "data"),
      make("an entry that is a list", header("{\"a\":[]}"), subject: "a.entry"),
      make("an entry that is null", header("{\"a\":null}"), subject: "a.entry"),
      make("an entry without members", header("{\"a\":{}}"), subject: "a.dtype"),
    ]
  }()

  /// One tensor's entry, first in a file of one.
  private static let entries: [HostileDirectory] = {
    func make(_ what: String, type: String = "\"F32\"", shape: String = "[4]", offsets: String = "[0,16]", subject: String)
      -> HostileDirectory
    {
      HostileDirectory(
        description: "safetensors entry: \(what)", kind: .malformedCheckpoint, file: weights, subject: "a.\(subject)"
      ) {
        let entry = ModelDirectory.entry("a", type: type, shape: shape, offsets: offsets)
        try $0.write(ModelDirectory.file(header: "{\(entry)}", data: [Data(count: 16)]), to: weights)
      }
    }
    let offsets = [
      "[16,0]", "[0,17]", "[0,9223372036854775807]", "[9223372036854775807,9223372036854775807]", "[-16,0]", "[0,-1]", "[0]",
      "[]",
      "[0,16,32]", "[\"0\",\"16\"]", "[0.0,16.0]", "[0,1e9]", "{}", "null", "[0,18446744073709551616]", "[0,15]", "[0,12]",
      "[null,16]",
    ]
    let shapes = [
      "[5]", "[3]", "[-4]", "[2,-2]", "[4.0]", "[\"4\"]", "4", "null", "{}", "[[4]]", "[4294967296,4294967296,4294967296]",
      "[9223372036854775807,2]", "[9223372036854775807]", "[18446744073709551616]",
    ]
    return offsets.map { make("offsets \($0)", offsets: $0, subject: "data_offsets") }
      + shapes.map { make("shape \($0)", shape: $0, subject: "") }
      + ["null", "32", "[]", "{}"].map { make("type \($0)", type: $0, subject: "dtype") }
      + [make("type F64 in the bytes of F32", type: "\"F64\"", subject: "data_offsets")]
  }()

  // MARK: Tensors

  /// The sound tensors, changed.
  private static func changed(
    _ what: String, _ kind: ModelError.Kind, subject: String,
    _ change: @escaping @Sendable (inout [ModelDirectory.Tensor]) -> Void
  ) -> HostileDirectory {
    HostileDirectory(description: "tensors: \(what)", kind: kind, file: weights, subject: subject) {
      var tensors = try shape.tensors()
      change(&tensors)
      try $0.write(ModelDirectory.safetensors(tensors), to: weights)
    }
  }

  private static let eachTensor: [HostileDirectory] = {
    let names = (try? shape.tensors().map(\.name)) ?? []
    let bad: [(String, String, Float)] = [
      ("NaN", "F32", .nan), ("-infinity", "F16", -.infinity), ("infinity", "BF16", .infinity),
    ]
    return names.enumerated().flatMap { index, name -> [HostileDirectory] in
      let (what, type, value) = bad[index % bad.count]
      return [
        changed("\(name) missing", .missingTensor, subject: name) { $0.remove(at: index) },
        changed("\(name) with \(what) at the end, \(type)", .notFinite, subject: name) {
          let count = $0[index].shape.reduce(1, *)
          let values = (0..<count).map { $0 == count - 1 ? value : 0 }
          $0[index] = .init(name: name, type: type, shape: $0[index].shape, values: values)
        },
        changed("\(name) with a row more", .wrongShape, subject: name) {
          var shape = $0[index].shape
          shape[0] += 1
          $0[index] = .init(name: name, type: "F32", shape: shape, values: [Float](repeating: 0, count: shape.reduce(1, *)))
        },
        changed("\(name) as I64", .wrongType, subject: name) {
          $0[index].type = "I64"
          $0[index].bytes = Data(count: 8 * $0[index].shape.reduce(1, *))
        },
      ]
    }
  }()

  private static let mismatches: [HostileDirectory] = {
    func raw(_ what: String, subject: String, _ change: @escaping @Sendable (Data) -> Data) -> HostileDirectory {
      HostileDirectory(description: "safetensors: \(what)", kind: .malformedCheckpoint, file: weights, subject: subject) {
        try $0.write(change(ModelDirectory.safetensors(shape.tensors())), to: weights)
      }
    }
    func two(_ what: String, first: String, second: String, subject: String) -> HostileDirectory {
      HostileDirectory(description: "safetensors: \(what)", kind: .malformedCheckpoint, file: weights, subject: subject) {
        let entries = [
          ModelDirectory.entry("a", type: "\"U8\"", shape: "[\(first)]", offsets: "[0,\(first)]"),
          ModelDirectory.entry("b", type: "\"F32\"", shape: "[2]", offsets: second),
        ]
        try $0.write(ModelDirectory.file(header: "{\(entries.joined(separator: ","))}", data: [Data(count: 16)]), to: weights)
      }
    }
    let other = ["F64", "F8_E4M3", "U8", "BOOL", "I8", "U16", "F4"]
    return [
      raw("one byte less", subject: "data_offsets") { $0.dropLast() }, raw("one byte more", subject: "data") { $0 + Data([0]) },
      raw("cut in half", subject: "") { $0.prefix($0.count / 2) }, raw("a page more", subject: "data") { $0 + Data(count: 4096) },
      raw("only the header", subject: "data_offsets") { $0.prefix(8 + Int($0[0]) + Int($0[1]) << 8) },
      two("overlap", first: "8", second: "[4,12]", subject: "b"), two("gap", first: "4", second: "[8,16]", subject: "b"),
      two("misaligned", first: "6", second: "[6,14]", subject: "b.data_offsets"),
      two("remainder", first: "4", second: "[4,12]", subject: "data"),
      changed("no tensors", .missingTensor, subject: "word_embeddings") { $0 = [] },
      changed("names without prefix", .missingTensor, subject: "word_embeddings") { tensors in
        for i in tensors.indices { tensors[i].name = tensors[i].name.replacing("distilbert.", with: "bert.") }
      },
      changed("a flat word embedding", .wrongShape, subject: "word_embeddings") { $0[0].shape = [80] },
      changed("a transposed word embedding", .wrongShape, subject: "word_embeddings") { $0[0].shape.reverse() },
      changed("a deeper word embedding", .wrongShape, subject: "word_embeddings") { $0[0].shape.append(1) },
      field("n_layers", "2", .missingTensor, subject: "layer.1"), field("dim", "16", .wrongShape, subject: "word_embeddings"),
      field("n_layers", "0", .wrongShape, subject: "n_layers"),
      field("vocab_size", "11", .wrongShape, subject: "word_embeddings"),
      field("hidden_dim", "17", .wrongShape, subject: "ffn.lin1"),
      field("max_position_embeddings", "7", .wrongShape, subject: "position_embeddings"),
      field("id2label", "{\"0\": \"a\", \"1\": \"b\", \"2\": \"c\"}", .wrongShape, subject: "classifier.weight"),
    ].map(\.namingTheWeights)
      + other.map { type in
        changed("the classifier as \(type)", .wrongType, subject: "classifier.bias") {
          let last = $0.count - 1
          let size = ["F64": 8, "U16": 2][type] ?? 1
          $0[last].type = type
          $0[last].bytes = Data(count: size * 2)
        }
      }
  }()

  /// The same where a field of config.json is changed and the weights no longer fit it.
  private var namingTheWeights: HostileDirectory {
    HostileDirectory(description: description, kind: kind, file: Self.weights, subject: subject, damage: damage)
  }
}
