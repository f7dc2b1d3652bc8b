import CKernels

/// Quantises a checkpoint's tensors into `Int8Weights`.
struct Int8WeightLoader {
  private let reader: CheckpointReader
  private let kernels: ck_kernels
  private let memory: FloatMemory
  /// The largest linear layer's weights at f32, and behind them a bias (dim).
  private let scratch: FloatMemory
  private var configuration: ModelConfiguration { reader.configuration }

  static func load(_ reader: CheckpointReader, kernels: ck_kernels) throws(ModelError) -> Int8Weights {
    let configuration = reader.configuration
    let d = configuration.dimension
    let h = configuration.hiddenDimension
    guard max(d, h) <= CK_I8_LARGEST_DEPTH else {
      throw ModelError(
        .unsupportedConfiguration, subject: "precision int8", expected: "layers at most \(CK_I8_LARGEST_DEPTH) wide",
        found: "\(max(d, h))", advice: "Run this model at f32.")
    }
    let memory = try FloatMemory(capacity: Int8Plan(configuration).capacity, purpose: "weights at int8")
    let largest = FloatMemory.capacity(for: [d * max(d, h) + d])
    let scratch = try FloatMemory(capacity: largest, purpose: "a layer's weights at f32, while they are quantised")
    return try Int8WeightLoader(reader: reader, kernels: kernels, memory: memory, scratch: scratch).weights()
  }

  private func weights() throws(ModelError) -> Int8Weights {
    let d = configuration.dimension
    let (words, wordScales) = try wordTable()
    let positions = try tensor("distilbert.embeddings.position_embeddings.weight")
    let embeddingNorm = try norm("distilbert.embeddings.LayerNorm")
    var layers: [Int8LayerWeights] = []
    for index in 0..<max(configuration.layers - 1, 0) { layers.append(try layer(index)) }
    let last = configuration.layers == 0 ? nil : try lastLayer(configuration.layers - 1)
    return Int8Weights(
      memory: memory, words: words, wordScales: wordScales, positions: positions, embeddingNorm: embeddingNorm, layers: layers,
      last: last, preClassifier: try head("pre_classifier", outputs: d),
      classifier: try head("classifier", outputs: configuration.labels.count))
  }

  // MARK: f32 tensors

  private func tensor(_ name: String, scale: Float = 1) throws(ModelError) -> UnsafeMutablePointer<Float> {
    let place = memory.take(reader.elementCount(name))
    try read(name, scale: scale, into: place)
    return place
  }

  private func read(_ name: String, scale: Float = 1, into place: UnsafeMutablePointer<Float>) throws(ModelError) {
    let count = reader.elementCount(name)
    try reader.convert(name) { ck_convert($0, $1, count, scale, place) }
  }

  private func norm(_ name: String) throws(ModelError) -> LayerNorm {
    LayerNorm(gamma: try tensor("\(name).weight"), beta: try tensor("\(name).bias"))
  }

  private func head(_ name: String, outputs: Int) throws(ModelError) -> Linear {
    let bias = try tensor("\(name).bias")
    return Linear(
      form: .rows, inputs: configuration.dimension, outputs: outputs, weights: try tensor("\(name).weight"), bias: bias)
  }

  // MARK: 8-bit tensors

  /// The word embedding, a few rows at a time.
  private func wordTable() throws(ModelError) -> (UnsafePointer<Int8>, UnsafePointer<Float>) {
    let d = configuration.dimension
    let vocabulary = configuration.vocabularySize
    let table = memory.takeBytes(vocabulary * d, as: Int8.self)
    let scales = memory.take(vocabulary)
    let step = max(1, scratch.capacity / d)
    try reader.convert("distilbert.embeddings.word_embeddings.weight") { source, type in
      let size = type == CK_F32 ? 4 : 2
      for row in stride(from: 0, to: vocabulary, by: step) {
        let rows = min(step, vocabulary - row)
        let bad = ck_convert(source + row * d * size, type, rows * d, 1, scratch.start)
        guard bad < 0 else { return row * d + bad }
        ck_i8_table(scratch.start, rows, d, table + row * d, scales + row)
      }
      return -1
    }
    return (UnsafePointer(table), UnsafePointer(scales))
  }

  /// Memory for packed weights.
  private func emptyLinear(inputs: Int, outputs: Int) -> UnsafeMutablePointer<ck_i8_weights> {
    let channels = Int8Plan.roundUp(outputs)
    let place = memory.takeBytes(MemoryLayout<ck_i8_weights>.size, as: ck_i8_weights.self)
    let panels = memory.takeBytes(ck_i8_panel_bytes(outputs, inputs), as: Int8.self)
    let scales = memory.take(channels)
    let sums = memory.takeBytes(4 * channels, as: Int32.self)
    let bias = memory.take(channels)
    place.initialize(
      to: ck_i8_weights(panels: panels, scales: scales, sums: sums, bias: bias, channels: outputs, inputs: inputs))
    return place
  }

  private static func linear(_ weights: UnsafeMutablePointer<ck_i8_weights>) -> Int8Linear {
    Int8Linear(weights: UnsafePointer(weights), inputs: weights.pointee.inputs, outputs: weights.pointee.channels)
  }

  /// Weights and bias as they are in the checkpoint. `finish` may change the bias; the weights are in `scratch` at that time.
  private func linear(
    _ name: String, inputs: Int, outputs: Int, scale: Float = 1, finish: (UnsafeMutablePointer<Float>) -> Void = { _ in }
  ) throws(ModelError) -> Int8Linear {
    let linear = emptyLinear(inputs: inputs, outputs: outputs)
    try read("\(name).bias", scale: scale, into: linear.pointee.bias)
    try read("\(name).weight", scale: scale, into: scratch.start)
    finish(linear.pointee.bias)
    pack(scratch.start, ldw: inputs, rows: outputs, into: linear, bias: linear.pointee.bias)
    return Self.linear(linear)
  }

  /// Finite weights: the reader has checked them.
  private func pack(
    _ w: UnsafePointer<Float>, ldw: Int, rows: Int, into linear: UnsafeMutablePointer<ck_i8_weights>, at first: Int = 0,
    bias: UnsafePointer<Float>? = nil
  ) {
    let bad = ck_i8_pack(w, ldw, rows, bias, first, linear)
    assert(bad < 0)
  }

  // MARK: Modules

  private var queryScale: Float { 1 / Float(configuration.headDimension).squareRoot() }

  /// b_o + W_o·b_v in place of b_o: the values' bias passes through the softmax, whose probabilities sum to 1.
  private func attentionOutput(_ attention: String) throws(ModelError) -> Int8Linear {
    let d = configuration.dimension
    let matrix = scratch.start
    let valueBias = scratch.start + d * max(d, configuration.hiddenDimension)
    try read("\(attention).v_lin.bias", into: valueBias)
    return try linear("\(attention).out_lin", inputs: d, outputs: d) { bias in
      kernels.linear(valueBias, d, 1, matrix, d, d, d, nil, true, bias, d)
    }
  }

  /// Not used, but a checkpoint with NaN in it is damaged all the same.
  private func checkKeyBias(_ attention: String) throws(ModelError) {
    try read("\(attention).k_lin.bias", into: scratch.start)
  }

  private func layer(_ index: Int) throws(ModelError) -> Int8LayerWeights {
    let d = configuration.dimension
    let h = configuration.hiddenDimension
    let prefix = "distilbert.transformer.layer.\(index)"
    let attention = "\(prefix).attention"
    let input = emptyLinear(inputs: d, outputs: 3 * d)
    try read("\(attention).q_lin.bias", scale: queryScale, into: input.pointee.bias)
    for (part, name) in ["q_lin", "k_lin", "v_lin"].enumerated() {
      try read("\(attention).\(name).weight", scale: part == 0 ? queryScale : 1, into: scratch.start)
      pack(scratch.start, ldw: d, rows: d, into: input, at: part * d, bias: part == 0 ? input.pointee.bias : nil)
    }
    try checkKeyBias(attention)
    return Int8LayerWeights(
      attentionInput: Self.linear(input), attentionOutput: try attentionOutput(attention),
      attentionNorm: try norm("\(prefix).sa_layer_norm"),
      feedForwardIn: try linear("\(prefix).ffn.lin1", inputs: d, outputs: h),
      feedForwardOut: try linear("\(prefix).ffn.lin2", inputs: h, outputs: d),
      outputNorm: try norm("\(prefix).output_layer_norm"))
  }

  private func lastLayer(_ index: Int) throws(ModelError) -> Int8LastLayerWeights {
    let d = configuration.dimension
    let h = configuration.hiddenDimension
    let headDimension = configuration.headDimension
    let prefix = "distilbert.transformer.layer.\(index)"
    let attention = "\(prefix).attention"
    try checkKeyBias(attention)
    let query = try linear("\(attention).q_lin", inputs: d, outputs: d, scale: queryScale)
    let transposed = scratch.start
    try reader.convert("\(attention).k_lin.weight") { ck_convert_transposed($0, $1, d, d, 1, transposed, d) }
    var keys: [Int8Linear] = []
    for head in 0..<configuration.heads {
      let linear = emptyLinear(inputs: headDimension, outputs: d)
      pack(transposed + head * headDimension, ldw: d, rows: d, into: linear)
      keys.append(Self.linear(linear))
    }
    try read("\(attention).v_lin.weight", into: scratch.start)
    var values: [Int8Linear] = []
    for head in 0..<configuration.heads {
      let linear = emptyLinear(inputs: d, outputs: headDimension)
      pack(scratch.start + head * headDimension * d, ldw: d, rows: headDimension, into: linear)
      values.append(Self.linear(linear))
    }
    return Int8LastLayerWeights(
      query: query, keys: keys, values: values, attentionOutput: try attentionOutput(attention),
      attentionNorm: try norm("\(prefix).sa_layer_norm"),
      feedForwardIn: try linear("\(prefix).ffn.lin1", inputs: d, outputs: h),
      feedForwardOut: try linear("\(prefix).ffn.lin2", inputs: h, outputs: d),
      outputNorm: try norm("\(prefix).output_layer_norm"))
  }
}

/// How much memory the weights take at int8.
private struct Int8Plan {
  private var counts: [Int] = []
  var capacity: Int { FloatMemory.capacity(for: counts) }

  static func roundUp(_ channels: Int) -> Int { (channels + Int(CK_I8_PANEL) - 1) / Int(CK_I8_PANEL) * Int(CK_I8_PANEL) }

  init(_ configuration: ModelConfiguration) {
    let d = configuration.dimension
    let h = configuration.hiddenDimension
    let heads = configuration.heads
    addBytes(configuration.vocabularySize * d)
    counts += [configuration.vocabularySize, configuration.maximumPositions * d, d, d]
    for index in 0..<configuration.layers {
      if index < configuration.layers - 1 {
        addLinear(inputs: d, outputs: 3 * d)
      } else {
        addLinear(inputs: d, outputs: d)
        for _ in 0..<heads {
          addLinear(inputs: d / heads, outputs: d)
          addLinear(inputs: d, outputs: d / heads)
        }
      }
      addLinear(inputs: d, outputs: d)
      addLinear(inputs: d, outputs: h)
      addLinear(inputs: h, outputs: d)
      counts += [d, d, d, d]
    }
    let labels = configuration.labels.count
    counts += [d * d, d, labels * d, labels]
  }

  private mutating func addBytes(_ count: Int) { counts.append(FloatMemory.floats(forBytes: count)) }

  private mutating func addLinear(inputs: Int, outputs: Int) {
    addBytes(MemoryLayout<ck_i8_weights>.size)
    addBytes(ck_i8_panel_bytes(outputs, inputs))
    counts += [Self.roundUp(outputs), Self.roundUp(outputs), Self.roundUp(outputs)]
  }
}
