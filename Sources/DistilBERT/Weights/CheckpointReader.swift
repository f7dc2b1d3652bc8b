import CKernels

/// A checkpoint whose tensors are those of the architecture: names, shapes and types have been checked.
struct CheckpointReader {
  let configuration: ModelConfiguration
  private let checkpoint: Safetensors

  init(_ checkpoint: Safetensors, as configuration: ModelConfiguration) throws(ModelError) {
    for (name, shape) in Self.expectedTensors(of: configuration) { try Self.check(name, shape: shape, in: checkpoint) }
    try Self.checkLayers(of: checkpoint, as: configuration)
    self.checkpoint = checkpoint
    self.configuration = configuration
  }

  /// A model cut short gives other labels than the one that was trained.
  private static func checkLayers(of checkpoint: Safetensors, as configuration: ModelConfiguration) throws(ModelError) {
    let prefix = "distilbert.transformer.layer."
    let layers = Set(
      checkpoint.tensors.keys.compactMap { name in
        name.hasPrefix(prefix) ? Int(name.dropFirst(prefix.count).prefix { $0 != "." }) : nil
      })
    guard let last = layers.max(), last >= configuration.layers else { return }
    throw ModelError(
      .wrongShape, file: checkpoint.file.path, subject: "n_layers",
      expected: "\(configuration.layers) layers, by config.json", found: "\(layers.count), up to \(prefix)\(last)",
      advice: "config.json and model.safetensors must come from the same model; correct n_layers in config.json.")
  }

  /// Tensors of the checkpoint that the architecture does not use, sorted.
  static func unusedTensors(of checkpoint: Safetensors, as configuration: ModelConfiguration) -> [String] {
    let expected = Set(expectedTensors(of: configuration).map(\.name))
    return checkpoint.tensors.keys.filter { !expected.contains($0) }.sorted()
  }

  /// Name and shape of every tensor of `DistilBertForSequenceClassification`.
  static func expectedTensors(of configuration: ModelConfiguration) -> [(name: String, shape: [Int])] {
    let d = configuration.dimension
    let h = configuration.hiddenDimension
    var result: [(name: String, shape: [Int])] = [
      ("distilbert.embeddings.word_embeddings.weight", [configuration.vocabularySize, d]),
      ("distilbert.embeddings.position_embeddings.weight", [configuration.maximumPositions, d]),
    ]
    func add(_ module: String, _ shape: [Int]) {
      result.append(("\(module).weight", shape))
      result.append(("\(module).bias", [shape[0]]))
    }
    add("distilbert.embeddings.LayerNorm", [d])
    for layer in 0..<configuration.layers {
      let prefix = "distilbert.transformer.layer.\(layer)"
      for part in ["q_lin", "k_lin", "v_lin", "out_lin"] { add("\(prefix).attention.\(part)", [d, d]) }
      add("\(prefix).sa_layer_norm", [d])
      add("\(prefix).ffn.lin1", [h, d])
      add("\(prefix).ffn.lin2", [d, h])
      add("\(prefix).output_layer_norm", [d])
    }
    add("pre_classifier", [d, d])
    add("classifier", [configuration.labels.count, d])
    return result
  }

  private static func check(_ name: String, shape: [Int], in checkpoint: Safetensors) throws(ModelError) {
    let file = checkpoint.file.path
    guard let tensor = checkpoint.tensors[name] else {
      throw ModelError(
        .missingTensor, file: file, subject: name, expected: "a tensor of shape \(shape)",
        found: "none of that name among \(checkpoint.tensors.count)",
        advice: "The model must be a DistilBertForSequenceClassification saved with save_pretrained.")
    }
    guard tensor.shape == shape else {
      throw ModelError(
        .wrongShape, file: file, subject: name, expected: "shape \(shape), by config.json", found: "\(tensor.shape)",
        advice: "config.json and model.safetensors must come from the same model.")
    }
    guard elementTypes[tensor.type] != nil else {
      throw ModelError(
        .wrongType, file: file, subject: name, expected: "F32, F16 or BF16", found: tensor.type,
        advice: "Save the model in one of those types (model.to(torch.float32).save_pretrained).")
    }
  }

  private static let elementTypes = ["F32": CK_F32, "F16": CK_F16, "BF16": CK_BF16]

  /// Weights by the type that they are stored in.
  var storedWeights: [String: Int] {
    Self.expectedTensors(of: configuration).reduce(into: [:]) { counts, tensor in
      counts[checkpoint.tensors[tensor.name]?.type ?? "", default: 0] += elementCount(tensor.name)
    }
  }

  /// Converts a tensor into memory. `place` converts, and returns the index of the first element that is not finite.
  func convert(_ name: String, place: (UnsafeRawPointer, ck_type) -> Int) throws(ModelError) {
    let file = checkpoint.file
    guard let tensor = checkpoint.tensors[name], let type = Self.elementTypes[tensor.type],
      let source = file.bytes.baseAddress
    else { return }
    try file.checkUnchanged()
    let bad = place(source + tensor.range.lowerBound, type)
    try file.checkUnchanged()
    file.release(tensor.range)
    guard bad < 0 else {
      throw ModelError(
        .notFinite, file: file.path, subject: name, expected: "finite weights",
        found: "NaN or infinity at element \(bad) of \(tensor.shape)",
        advice: "The training of this model went wrong, or the file is damaged; use another checkpoint.")
    }
  }

  func elementCount(_ name: String) -> Int { checkpoint.tensors[name]?.shape.reduce(1, *) ?? 0 }
}
