/// The architecture of a DistilBERT sequence classifier, as `config.json` (`DistilBertConfig`) gives it.
public struct ModelConfiguration: Sendable, Equatable {
  /// The feed-forward layers' activation.
  public enum Activation: String, Sendable, CaseIterable {
    /// Exact (erf) GELU.
    case gelu
    case relu
  }

  /// Width of the hidden states (`dim`), 1 … 65,536; a multiple of `heads`.
  public var dimension: Int
  /// Width of the feed-forward layers (`hidden_dim`), 1 … 262,144.
  public var hiddenDimension: Int
  /// Transformer layers (`n_layers`), 0 … 1,024.
  public var layers: Int
  /// Attention heads (`n_heads`).
  public var heads: Int
  /// Longest sequence in tokens (`max_position_embeddings`), 1 … 1,048,576.
  public var maximumPositions: Int
  /// Rows of the word embedding (`vocab_size`), 1 … 16,777,216.
  public var vocabularySize: Int
  public var activation: Activation
  /// Label of each class, by class index (`id2label`, or LABEL_0 … from `num_labels`). At least one; all different, none blank,
  /// none with control characters or line breaks.
  public var labels: [String]
  /// Things in the file that this engine reads otherwise than its author may have meant, each a sentence.
  public var remarks: [String]

  /// Width of one head.
  public var headDimension: Int { dimension / heads }

  /// Number of weights of the whole classifier.
  public var parameterCount: Int {
    let d = dimension
    let h = hiddenDimension
    let embeddings = (vocabularySize + maximumPositions + 2) * d
    let layer = 4 * (d * d + d) + (d * h + h) + (h * d + d) + 4 * d
    return embeddings + layers * layer + (d * d + d) + labels.count * (d + 1)
  }
}

extension ModelConfiguration {
  /// Reads `config.json` of a model directory. What the file leaves out has `DistilBertConfig`'s default, fields that do
  /// not change the architecture are ignored, and a value that cannot be honoured is an error that names the field.
  init(parsing bytes: [UInt8], file: String) throws(ModelError) {
    let document: JSONValue
    do {
      document = try JSONValue(parsing: bytes, duplicateKeys: .refused)
    } catch {
      throw ModelError(
        .malformedConfiguration, file: file, subject: "byte \(error.offset)", expected: error.expected ?? "a JSON object",
        found: error.found, advice: error.advice ?? ModelError.saveAgain)
    }
    guard case .object(let members) = document else {
      throw ModelError(
        .malformedConfiguration, file: file, subject: "document", expected: "a JSON object", found: document.shortDescription)
    }
    let fields = Fields(file: file, members: members)
    try fields.require("model_type", in: ["distilbert"], default: "distilbert")
    try fields.requireClassifier()
    try fields.refuseQuantization()
    dimension = try fields.integer("dim", in: 1...65_536, default: 768)
    hiddenDimension = try fields.integer("hidden_dim", in: 1...262_144, default: 4 * 768)
    layers = try fields.integer("n_layers", in: 0...1_024, default: 6)
    heads = try fields.integer("n_heads", in: 1...65_536, default: 12)
    maximumPositions = try fields.integer("max_position_embeddings", in: 1...1_048_576, default: 512)
    vocabularySize = try fields.integer("vocab_size", in: 1...16_777_216, default: 30_522)
    let names = Activation.allCases.map(\.rawValue)
    activation = Activation(rawValue: try fields.require("activation", in: names, default: "gelu")) ?? .gelu
    // The position embeddings are stored in the checkpoint whether they were learned or computed.
    _ = try fields.flag("sinusoidal_pos_embds", default: false)
    labels = try fields.labels()
    remarks = fields.remarks()
    guard dimension % heads == 0 else {
      throw fields.unsupported("n_heads", expected: "a divisor of dim (\(dimension))", found: "\(heads)")
    }
  }
}

/// The members of `config.json`, read with the errors that name them.
private struct Fields {
  let file: String
  let members: [JSONValue.Member]
  static let maximumLabels = 65_536

  /// The member, where null counts as absent, as it does for `PretrainedConfig`.
  func value(_ name: String) -> JSONValue? {
    if case .null = members[name] { return nil }
    return members[name]
  }

  func malformed(
    _ name: String, expected: String, found: String, advice: String = ModelError.saveAgain
  ) -> ModelError {
    ModelError(.malformedConfiguration, file: file, subject: name, expected: expected, found: found, advice: advice)
  }

  func unsupported(_ name: String, expected: String, found: String) -> ModelError {
    ModelError(
      .unsupportedConfiguration, file: file, subject: name, expected: expected, found: found,
      advice: "This engine runs DistilBERT sequence classifiers; choose such a model.")
  }

  func integer(_ name: String, in range: ClosedRange<Int>, default standard: Int) throws(ModelError) -> Int {
    guard let value = value(name) else { return standard }
    guard case .integer(let number) = value else {
      throw malformed(name, expected: "an integer", found: value.shortDescription)
    }
    guard range.contains(number) else {
      throw unsupported(name, expected: "\(range.lowerBound) … \(range.upperBound)", found: "\(number)")
    }
    return number
  }

  func flag(_ name: String, default standard: Bool) throws(ModelError) -> Bool {
    guard let value = value(name) else { return standard }
    guard case .bool(let flag) = value else {
      throw malformed(name, expected: "true or false", found: value.shortDescription)
    }
    return flag
  }

  @discardableResult
  func require(_ name: String, in allowed: [String], default standard: String) throws(ModelError) -> String {
    guard let value = value(name) else { return standard }
    guard let text = value.text else { throw malformed(name, expected: "a string", found: value.shortDescription) }
    guard allowed.contains(text) else {
      throw unsupported(name, expected: allowed.joined(separator: " or "), found: "\"\(text)\"")
    }
    return text
  }

  /// The class that the weights were saved from must be the one that this engine is. An empty list says nothing.
  func requireClassifier() throws(ModelError) {
    guard let value = value("architectures") else { return }
    guard case .array(let elements) = value else {
      throw malformed("architectures", expected: "a list of class names", found: value.shortDescription)
    }
    var names: [String] = []
    for element in elements {
      guard let name = element.text else {
        throw malformed("architectures", expected: "class names", found: element.shortDescription)
      }
      names.append(name)
    }
    let classifier = "DistilBertForSequenceClassification"
    guard names.isEmpty || names.contains(classifier) else {
      throw unsupported("architectures", expected: classifier, found: names.joined(separator: ", "))
    }
  }

  func refuseQuantization() throws(ModelError) {
    guard let value = value("quantization_config") else { return }
    throw ModelError(
      .unsupportedConfiguration, file: file, subject: "quantization_config", expected: "none: weights as F32, F16 or BF16",
      found: value.shortDescription, advice: "Save the model without quantization; this engine quantizes weights itself.")
  }

  func labels() throws(ModelError) -> [String] {
    let count = value("num_labels") == nil ? nil : try integer("num_labels", in: 1...Self.maximumLabels, default: 2)
    guard let value = value("id2label") else { return (0..<(count ?? 2)).map { "LABEL_\($0)" } }
    guard case .object(let members) = value else {
      throw malformed("id2label", expected: "an object from class index to label", found: value.shortDescription)
    }
    let entries = Dictionary(members.map { ($0.name, $0.value) }) { _, last in last }
    guard (1...Self.maximumLabels).contains(entries.count) else {
      throw unsupported("id2label", expected: "1 … \(Self.maximumLabels) labels", found: "\(entries.count)")
    }
    if let count, count != entries.count {
      throw malformed("num_labels", expected: "\(entries.count), as id2label has", found: "\(count)")
    }
    var labels: [String] = []
    var indices: [String: Int] = [:]
    for index in 0..<entries.count {
      guard let entry = entries["\(index)"] else {
        let stray = entries.keys.filter { !(Int($0).map { (0..<entries.count).contains($0) } ?? false) }.min()
        throw malformed(
          "id2label", expected: "the class indices 0 … \(entries.count - 1)",
          found: "no \"\(index)\"" + (stray.map { ", but \"\($0)\"" } ?? ""))
      }
      guard let label = entry.text else {
        throw malformed("id2label.\(index)", expected: "a string", found: entry.shortDescription)
      }
      try check(label: label, of: index)
      if let first = indices.updateValue(index, forKey: label) {
        throw malformed("id2label.\(index)", expected: "a label of its own", found: "\"\(label)\", the label of class \(first)")
      }
      labels.append(label)
    }
    return labels
  }

  /// Labels go into messages and into lines of text.
  private func check(label: String, of index: Int) throws(ModelError) {
    let scalars = label.unicodeScalars
    let breaksLines = scalars.contains { scalar in
      [.control, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
    }
    guard !breaksLines, !scalars.allSatisfy({ $0.properties.isWhitespace }) else {
      throw malformed(
        "id2label.\(index)", expected: "a label that can be seen, without control characters", found: "\"\(label)\"",
        advice: "Give class \(index) a name in id2label.")
    }
  }

  func remarks() -> [String] {
    guard let problem = value("problem_type")?.text, problem != "single_label_classification" else { return [] }
    return [
      "problem_type is \"\(printable(problem))\"; probabilities are a softmax over all labels, as for single_label_classification."
    ]
  }
}
