import Foundation
import TestSupport

@testable import DistilBERT

/// A small DistilBERT classifier whose weights come from a formula that scripts/make_golden_logits.py repeats.
struct SyntheticModel: CustomStringConvertible, Sendable {
  var name = "tiny"
  var dimension = 8
  var heads = 2
  var layers = 1
  var hiddenDimension = 16
  var activation = "relu"
  var labels = 2
  var vocabularySize = 10
  var positions = 6

  var description: String { name }

  var configuration: String {
    let names = (0..<labels).reversed().map { "\"\($0)\": \"class \($0)\"" }.joined(separator: ", ")
    return """
      {"model_type": "distilbert", "dim": \(dimension), "n_heads": \(heads), "n_layers": \(layers),
       "hidden_dim": \(hiddenDimension), "activation": "\(activation)", "vocab_size": \(vocabularySize),
       "max_position_embeddings": \(positions), "id2label": {\(names)}, "sinusoidal_pos_embds": false}
      """
  }

  /// The sequences whose logits `golden` holds.
  var sequences: [[Int32]] {
    Set([1, 2, min(17, positions), positions]).sorted().map { length in
      (0..<length).map { Int32(Self.splitmix(UInt64(length * 1000 + $0)) % UInt64(vocabularySize)) }
    }
  }

  /// All tensors at one element type: F32, F16 or BF16, which all hold the weights exactly.
  func tensors(_ type: String = "F32") throws -> [ModelDirectory.Tensor] {
    let file = try ModelConfiguration(text: configuration)
    return CheckpointReader.expectedTensors(of: file).map { name, shape in
      .init(name: name, type: type, shape: shape, values: Self.weights(name, count: shape.reduce(1, *)))
    }
  }

  func write(type: String = "F32") throws -> ModelDirectory {
    let directory = try ModelDirectory()
    try directory.write(Data(configuration.utf8), to: "config.json")
    try directory.write(ModelDirectory.safetensors(try tensors(type)), to: "model.safetensors")
    return directory
  }

  /// Writes it, loads it and removes the files.
  func load(type: String = "F32", precision: Precision = .f32, on path: KernelPath = .best) throws -> Model {
    let directory = try write(type: type)
    return try withExtendedLifetime(directory) {
      try Model(directory: directory.url, precision: precision, kernelPath: path)
    }
  }

  private static func weights(_ name: String, count: Int) -> [Float] {
    let seed = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    let isScale = name.contains("orm.weight")
    return (0..<count).map {
      let k = Int(splitmix(seed &+ UInt64($0)) >> 57) - 64
      return isScale ? 1 + Float(k >> 2) / 64 : Float(k) / 256
    }
  }

  static func splitmix(_ x: UInt64) -> UInt64 {
    var random = SeededRandom(seed: x)
    return random.next()
  }
}

extension ModelConfiguration {
  init(text: String) throws(ModelError) {
    try self.init(parsing: Array(text.utf8), file: "config.json")
  }
}
