import CKernels

/// Quantises a checkpoint's tensors into `CodedWeights`.
struct Int8WeightLoader {
  private let kernels: ck_kernels
  private let floats: FloatTensors
  private let calibration: Int8Calibration
  /// The largest linear layer's weights at f32.
  private let scratch: UnsafeMutablePointer<Float>
  private let scratchCapacity: Int
  /// (dim): a bias that is not kept.
  private let spare: UnsafeMutablePointer<Float>
  /// (dim): what the columns of the weights in `scratch` are multiplied with.
  private let multiply: UnsafeMutablePointer<Float>
  private var reader: CheckpointReader { floats.reader }
  private var memory: FloatMemory { floats.memory }
  private var configuration: ModelConfiguration { reader.configuration }

  static func load(_ reader: CheckpointReader, kernels: ck_kernels) throws(ModelError) -> CodedWeights<Int8Format> {
    let configuration = reader.configuration
    let d = configuration.dimension
    let h = configuration.hiddenDimension
    guard max(d, h) <= CK_I8_LARGEST_DEPTH else {
      throw ModelError(
        .unsupportedConfiguration, subject: "precision int8", expected: "layers at most \(CK_I8_LARGEST_DEPTH) wide",
        found: "\(max(d, h))", advice: "Run this model at f32.")
    }
    let memory = try FloatMemory(capacity: plan(configuration).capacity, purpose: "weights at int8")
    let largest = d * max(3 * d, h)
    let working = try FloatMemory(
      capacity: FloatMemory.capacity(for: [largest, d, d]), purpose: "a layer's weights at f32, while they are quantised")
    let loader = Int8WeightLoader(
      kernels: kernels, floats: FloatTensors(reader: reader, memory: memory),
      calibration: try Int8Calibration(configuration, kernels: kernels),
      scratch: working.take(largest), scratchCapacity: largest, spare: working.take(d), multiply: working.take(d))
    // The pointers lead into it.
    return try withExtendedLifetime(working) { () throws(ModelError) in try loader.weights() }
  }

  private static func plan(_ configuration: ModelConfiguration) -> CodedPlan {
    let d = configuration.dimension
    let vocabulary = configuration.vocabularySize
    return CodedPlan(
      configuration, words: [FloatMemory.floats(forBytes: vocabulary * d), vocabulary],
      block: Int8Format.feedForwardBlock(configuration), perLayer: [d, d]  // the factors of two linear layers
    ) { inputs, outputs in
      let channels = roundUp(outputs)
      return [
        FloatMemory.floats(forBytes: MemoryLayout<ck_i8_weights>.size),
        FloatMemory.floats(forBytes: ck_i8_panel_bytes(outputs, inputs)), channels, channels, channels,
      ]
    }
  }

  private static func roundUp(_ channels: Int) -> Int { (channels + Int(CK_I8_PANEL) - 1) / Int(CK_I8_PANEL) * Int(CK_I8_PANEL) }

  private func weights() throws(ModelError) -> CodedWeights<Int8Format> {
    let d = configuration.dimension
    let words = try wordTable()
    let positions = try floats.tensor("distilbert.embeddings.position_embeddings.weight")
    let embeddingNorm = try floats.norm("distilbert.embeddings.LayerNorm")
    try calibration.embed(positions: positions, norm: embeddingNorm) { (row, place) throws(ModelError) in
      try reader.convert(Self.wordTensor) { source, type in
        ck_convert(source + row * d * (type == CK_F32 ? 4 : 2), type, d, 1, place)
      }
    }
    var layers: [CodedLayer<Int8Linear>] = []
    for index in 0..<max(configuration.layers - 1, 0) { layers.append(try layer(index)) }
    let last = configuration.layers == 0 ? nil : try lastLayer(configuration.layers - 1)
    return CodedWeights(
      memory: memory, words: words, positions: positions, embeddingNorm: embeddingNorm, layers: layers,
      last: last, preClassifier: try floats.head("pre_classifier", outputs: d),
      classifier: try floats.head("classifier", outputs: configuration.labels.count))
  }

  private static let wordTensor = "distilbert.embeddings.word_embeddings.weight"

  // MARK: 8-bit tensors

  /// The word embedding, a few rows at a time.
  private func wordTable() throws(ModelError) -> Int8Words {
    let d = configuration.dimension
    let vocabulary = configuration.vocabularySize
    let table = memory.takeBytes(vocabulary * d, as: Int8.self)
    let scales = memory.take(vocabulary)
    let step = max(1, scratchCapacity / d)
    try reader.convert(Self.wordTensor) { source, type in
      let size = type == CK_F32 ? 4 : 2
      for row in stride(from: 0, to: vocabulary, by: step) {
        let rows = min(step, vocabulary - row)
        let bad = ck_convert(source + row * d * size, type, rows * d, 1, scratch)
        guard bad < 0 else { return row * d + bad }
        ck_i8_table(scratch, rows, d, table + row * d, scales + row)
      }
      return -1
    }
    return Int8Words(codes: UnsafePointer(table), scales: UnsafePointer(scales))
  }

  /// Memory for packed weights.
  private func emptyLinear(inputs: Int, outputs: Int) -> UnsafeMutablePointer<ck_i8_weights> {
    let channels = Self.roundUp(outputs)
    let place = memory.takeBytes(MemoryLayout<ck_i8_weights>.size, as: ck_i8_weights.self)
    let panels = memory.takeBytes(ck_i8_panel_bytes(outputs, inputs), as: Int8.self)
    let scales = memory.take(channels)
    let sums = memory.takeBytes(4 * channels, as: Int32.self)
    let bias = memory.take(channels)
    place.initialize(
      to: ck_i8_weights(panels: panels, scales: scales, sums: sums, bias: bias, channels: outputs, inputs: inputs))
    return place
  }

  private static func linear(_ weights: UnsafeMutablePointer<ck_i8_weights>, factors: UnsafePointer<Float>? = nil)
    -> Int8Linear
  {
    Int8Linear(
      weights: UnsafePointer(weights), factors: factors, inputs: weights.pointee.inputs, outputs: weights.pointee.channels)
  }

  /// One layer's weights and bias. `use` sees them at f32 and may change the bias. A layer that reads the hidden states has
  /// its inputs evened out.
  private func linear(
    _ name: String, inputs: Int, outputs: Int, reads source: Int8Calibration.Inputs,
    use: (_ weights: UnsafeMutablePointer<Float>, _ bias: UnsafeMutablePointer<Float>) -> Void
  ) throws(ModelError) -> Int8Linear {
    let linear = emptyLinear(inputs: inputs, outputs: outputs)
    try floats.read("\(name).bias", into: linear.pointee.bias)
    try floats.read("\(name).weight", into: scratch)
    let smoothed = if case .hidden = source { true } else { false }
    let factors = smoothed ? smooth(outputs: outputs) : nil
    use(scratch, linear.pointee.bias)
    if smoothed { ck_i8_scale_columns(scratch, outputs, inputs, multiply) }
    calibration.round(scratch, ldw: inputs, outputs: outputs, for: source, factors: factors)
    pack(scratch, ldw: inputs, rows: outputs, into: linear, bias: linear.pointee.bias)
    return Self.linear(linear, factors: factors)
  }

  /// Factors for the weights in `scratch`: into `multiply`, and their inverses into the weights' memory.
  private func smooth(outputs: Int) -> UnsafePointer<Float> {
    let factors = memory.take(configuration.dimension)
    calibration.smoothing(of: scratch, outputs: outputs, multiply: multiply, divide: factors)
    return UnsafePointer(factors)
  }

  /// Packs finite weights: the reader has checked them.
  private func pack(
    _ w: UnsafePointer<Float>, ldw: Int, rows: Int, into linear: UnsafeMutablePointer<ck_i8_weights>, at first: Int = 0,
    bias: UnsafePointer<Float>? = nil
  ) {
    let bad = ck_i8_pack(w, ldw, rows, bias, first, linear)
    assert(bad < 0)
  }

  // MARK: Modules

  private var queryScale: Float { 1 / Float(configuration.headDimension).squareRoot() }

  /// The weights of queries, keys and values, one below the other, into `scratch`, and the queries' bias.
  private func readAttentionInput(_ attention: String, queryBias: UnsafeMutablePointer<Float>) throws(ModelError) {
    let d = configuration.dimension
    try floats.read("\(attention).q_lin.bias", scale: queryScale, into: queryBias)
    // Not used, but a checkpoint with NaN in it is damaged all the same.
    try floats.read("\(attention).k_lin.bias", into: spare)
    for (part, name) in ["q_lin", "k_lin", "v_lin"].enumerated() {
      try floats.read("\(attention).\(name).weight", scale: part == 0 ? queryScale : 1, into: scratch + part * d * d)
    }
  }

  private func layer(_ index: Int) throws(ModelError) -> CodedLayer<Int8Linear> {
    let d = configuration.dimension
    let prefix = "distilbert.transformer.layer.\(index)"
    let input = emptyLinear(inputs: d, outputs: 3 * d)
    try readAttentionInput("\(prefix).attention", queryBias: input.pointee.bias)
    let factors = smooth(outputs: 3 * d)
    calibration.attend(scratch, queryBias: input.pointee.bias)
    ck_i8_scale_columns(scratch, 3 * d, d, multiply)
    calibration.round(scratch, ldw: d, outputs: 3 * d, for: .hidden, factors: factors)
    pack(scratch, ldw: d, rows: 3 * d, into: input, bias: input.pointee.bias)
    let rest = try afterAttention(prefix)
    return CodedLayer(attentionInput: Self.linear(input, factors: factors), rest: rest)
  }

  private func lastLayer(_ index: Int) throws(ModelError) -> CodedLastLayer<Int8Linear> {
    let d = configuration.dimension
    let headDimension = configuration.headDimension
    let prefix = "distilbert.transformer.layer.\(index)"
    let query = emptyLinear(inputs: d, outputs: d)
    try readAttentionInput("\(prefix).attention", queryBias: query.pointee.bias)
    let factors = smooth(outputs: d)
    calibration.attend(scratch, queryBias: query.pointee.bias)
    calibration.round(scratch + 2 * d * d, ldw: d, outputs: d, for: .hidden)
    var values: [Int8Linear] = []
    for head in 0..<configuration.heads {
      let linear = emptyLinear(inputs: d, outputs: headDimension)
      pack(scratch + 2 * d * d + head * headDimension * d, ldw: d, rows: headDimension, into: linear)
      values.append(Self.linear(linear))
    }
    ck_i8_scale_columns(scratch, d, d, multiply)
    calibration.round(scratch, ldw: d, outputs: d, for: .hidden, factors: factors)
    pack(scratch, ldw: d, rows: d, into: query, bias: query.pointee.bias)
    let transposed = scratch
    try reader.convert("\(prefix).attention.k_lin.weight") { ck_convert_transposed($0, $1, d, d, 1, transposed, d) }
    var keys: [Int8Linear] = []
    for head in 0..<configuration.heads {
      let linear = emptyLinear(inputs: headDimension, outputs: d)
      pack(transposed + head * headDimension, ldw: d, rows: d, into: linear)
      keys.append(Self.linear(linear))
    }
    return CodedLastLayer(
      query: Self.linear(query, factors: factors), keys: keys, values: values, rest: try afterAttention(prefix))
  }

  private func feedForwardOut(_ name: String, norm: LayerNorm) throws(ModelError) -> [Int8Linear] {
    let d = configuration.dimension
    let h = configuration.hiddenDimension
    try floats.read("\(name).bias", into: spare)
    try floats.read("\(name).weight", into: scratch)
    calibration.feedForwardOut(scratch, bias: spare, norm: norm)
    var blocks: [Int8Linear] = []
    for first in stride(from: 0, to: h, by: Int8Format.feedForwardBlock(configuration)) {
      let inputs = min(Int8Format.feedForwardBlock(configuration), h - first)
      let linear = emptyLinear(inputs: inputs, outputs: d)
      calibration.round(scratch + first, ldw: h, outputs: d, for: .inner(first..<first + inputs))
      pack(scratch + first, ldw: h, rows: d, into: linear, bias: first == 0 ? spare : nil)
      blocks.append(Self.linear(linear))
    }
    return blocks
  }

  private func afterAttention(_ prefix: String) throws(ModelError) -> CodedAfterAttention<Int8Linear> {
    let d = configuration.dimension
    let h = configuration.hiddenDimension
    let attentionNorm = try floats.norm("\(prefix).sa_layer_norm")
    let outputNorm = try floats.norm("\(prefix).output_layer_norm")
    try floats.read("\(prefix).attention.v_lin.bias", into: spare)
    let output = try linear("\(prefix).attention.out_lin", inputs: d, outputs: d, reads: .context) { weights, bias in
      // b_o + W_o·b_v: the values' bias passes through the softmax, whose probabilities sum to 1.
      kernels.linear(spare, d, 1, weights, d, d, d, nil, true, bias, d)
      calibration.project(weights, bias: bias, norm: attentionNorm)
    }
    let feedForwardIn = try linear("\(prefix).ffn.lin1", inputs: d, outputs: h, reads: .hidden) { weights, bias in
      calibration.feedForwardIn(weights, bias: bias)
    }
    let feedForwardOut = try feedForwardOut("\(prefix).ffn.lin2", norm: outputNorm)
    return CodedAfterAttention(
      attentionOutput: output, attentionNorm: attentionNorm, feedForwardIn: feedForwardIn, feedForwardOut: feedForwardOut,
      outputNorm: outputNorm)
  }
}
