import CKernels

/// Rounds a checkpoint's tensors into `CodedWeights`.
struct BF16WeightLoader {
  private let kernels: ck_kernels
  private let floats: FloatTensors
  /// The largest linear layer's weights at f32.
  private let scratch: UnsafeMutablePointer<Float>
  private let scratchCapacity: Int
  /// (dim): a bias that is not kept.
  private let spare: UnsafeMutablePointer<Float>
  private var reader: CheckpointReader { floats.reader }
  private var memory: FloatMemory { floats.memory }
  private var configuration: ModelConfiguration { reader.configuration }

  static func load(_ reader: CheckpointReader, kernels: ck_kernels) throws(ModelError) -> CodedWeights<BF16Format> {
    let d = reader.configuration.dimension
    let memory = try FloatMemory(capacity: plan(reader.configuration).capacity, purpose: "weights at bf16")
    let largest = d * max(d, reader.configuration.hiddenDimension)
    let working = try FloatMemory(
      capacity: FloatMemory.capacity(for: [largest, d]), purpose: "a layer's weights at f32, while they are rounded")
    let loader = BF16WeightLoader(
      kernels: kernels, floats: FloatTensors(reader: reader, memory: memory),
      scratch: working.take(largest), scratchCapacity: largest,
      spare: working.take(d))
    // The pointers lead into it.
    return try withExtendedLifetime(working) { () throws(ModelError) in try loader.weights() }
  }

  private static func plan(_ configuration: ModelConfiguration) -> CodedPlan {
    CodedPlan(
      configuration, words: [FloatMemory.floats(forBytes: 2 * configuration.vocabularySize * configuration.dimension)],
      block: BF16Format.feedForwardBlock(configuration)
    ) { inputs, outputs in
      [
        FloatMemory.floats(forBytes: MemoryLayout<ck_bf16_weights>.size),
        FloatMemory.floats(forBytes: 2 * ck_bf16_panel_elements(outputs, inputs)), roundUp(outputs),
      ]
    }
  }

  private static func roundUp(_ channels: Int) -> Int {
    (channels + Int(CK_BF16_PANEL) - 1) / Int(CK_BF16_PANEL) * Int(CK_BF16_PANEL)
  }

  private func weights() throws(ModelError) -> CodedWeights<BF16Format> {
    let d = configuration.dimension
    let words = try wordTable()
    let positions = try floats.tensor("distilbert.embeddings.position_embeddings.weight")
    let embeddingNorm = try floats.norm("distilbert.embeddings.LayerNorm")
    var layers: [CodedLayer<BF16Linear>] = []
    for index in 0..<max(configuration.layers - 1, 0) { layers.append(try layer(index)) }
    let last = configuration.layers == 0 ? nil : try lastLayer(configuration.layers - 1)
    return CodedWeights(
      memory: memory, words: words, positions: positions, embeddingNorm: embeddingNorm, layers: layers, last: last,
      preClassifier: try floats.head("pre_classifier", outputs: d),
      classifier: try floats.head("classifier", outputs: configuration.labels.count))
  }

  // MARK: bf16 tensors

  /// The word embedding, a few rows at a time.
  private func wordTable() throws(ModelError) -> UnsafePointer<UInt16> {
    let name = "distilbert.embeddings.word_embeddings.weight"
    let count = reader.elementCount(name)
    let table = memory.takeBytes(2 * count, as: UInt16.self)
    try reader.convert(name) { source, type in
      let size = type == CK_F32 ? 4 : 2
      for first in stride(from: 0, to: count, by: scratchCapacity) {
        let step = min(scratchCapacity, count - first)
        var bad = ck_convert(source + first * size, type, step, 1, scratch)
        if bad < 0 { bad = ck_bf16_table(scratch, step, table + first) }
        guard bad < 0 else { return first + bad }
      }
      return -1
    }
    return UnsafePointer(table)
  }

  /// Memory for packed weights.
  private func emptyLinear(inputs: Int, outputs: Int) -> UnsafeMutablePointer<ck_bf16_weights> {
    let place = memory.takeBytes(MemoryLayout<ck_bf16_weights>.size, as: ck_bf16_weights.self)
    let panels = memory.takeBytes(2 * ck_bf16_panel_elements(outputs, inputs), as: UInt16.self)
    let bias = memory.take(Self.roundUp(outputs))
    place.initialize(to: ck_bf16_weights(panels: panels, bias: bias, channels: outputs, inputs: inputs))
    return place
  }

  private static func linear(_ weights: UnsafeMutablePointer<ck_bf16_weights>) -> BF16Linear {
    BF16Linear(weights: UnsafePointer(weights), inputs: weights.pointee.inputs, outputs: weights.pointee.channels)
  }

  /// A tensor's rows, at f32, handed to `pack`, which returns the first that bf16 cannot hold, or -1.
  private func withWeights(
    _ name: String, inputs: Int, scale: Float = 1, pack: (UnsafeMutablePointer<Float>) -> Int
  ) throws(ModelError) {
    try reader.convert(name) { source, type in
      let bad = ck_convert(source, type, reader.elementCount(name), scale, scratch)
      if bad >= 0 { return bad }
      let row = pack(scratch)
      return row < 0 ? -1 : row * inputs
    }
  }

  /// One layer's weights and bias. `use` sees them at f32 and may change the bias.
  private func linear(
    _ name: String, inputs: Int, outputs: Int, scale: Float = 1,
    use: (_ weights: UnsafePointer<Float>, _ bias: UnsafeMutablePointer<Float>) -> Void = { _, _ in }
  ) throws(ModelError) -> BF16Linear {
    let linear = emptyLinear(inputs: inputs, outputs: outputs)
    let bias = linear.pointee.bias
    try floats.read("\(name).bias", scale: scale, into: bias)
    try withWeights("\(name).weight", inputs: inputs, scale: scale) { weights in
      use(weights, bias)
      return ck_bf16_pack(weights, inputs, outputs, bias, 0, linear)
    }
    return Self.linear(linear)
  }

  // MARK: Modules

  private var queryScale: Float { 1 / Float(configuration.headDimension).squareRoot() }

  private func layer(_ index: Int) throws(ModelError) -> CodedLayer<BF16Linear> {
    let d = configuration.dimension
    let prefix = "distilbert.transformer.layer.\(index)"
    let input = emptyLinear(inputs: d, outputs: 3 * d)
    try floats.read("\(prefix).attention.q_lin.bias", scale: queryScale, into: input.pointee.bias)
    try readKeyBias(prefix)
    for (part, name) in ["q_lin", "k_lin", "v_lin"].enumerated() {
      let bias = part == 0 ? input.pointee.bias : nil
      try withWeights("\(prefix).attention.\(name).weight", inputs: d, scale: part == 0 ? queryScale : 1) {
        ck_bf16_pack($0, d, d, bias, part * d, input)
      }
    }
    return CodedLayer(attentionInput: Self.linear(input), rest: try afterAttention(prefix))
  }

  /// Not used, but a checkpoint with NaN in it is damaged all the same.
  private func readKeyBias(_ prefix: String) throws(ModelError) { try floats.read("\(prefix).attention.k_lin.bias", into: spare) }

  private func lastLayer(_ index: Int) throws(ModelError) -> CodedLastLayer<BF16Linear> {
    let d = configuration.dimension
    let headDimension = configuration.headDimension
    let prefix = "distilbert.transformer.layer.\(index)"
    try readKeyBias(prefix)
    let query = try linear("\(prefix).attention.q_lin", inputs: d, outputs: d, scale: queryScale)
    let keys = (0..<configuration.heads).map { _ in emptyLinear(inputs: headDimension, outputs: d) }
    let name = "\(prefix).attention.k_lin.weight"
    try reader.convert(name) { source, type in
      let bad = ck_convert_transposed(source, type, d, d, 1, scratch, d)
      if bad >= 0 { return bad }
      for (head, linear) in keys.enumerated() {
        let row = ck_bf16_pack(scratch + head * headDimension, d, d, nil, 0, linear)
        if row >= 0 { return row }
      }
      return -1
    }
    let values = (0..<configuration.heads).map { _ in emptyLinear(inputs: d, outputs: headDimension) }
    try withWeights("\(prefix).attention.v_lin.weight", inputs: d) { weights in
      for (head, linear) in values.enumerated() {
        let first = head * headDimension
        let row = ck_bf16_pack(weights + first * d, d, headDimension, nil, 0, linear)
        if row >= 0 { return first + row }
      }
      return -1
    }
    return CodedLastLayer(
      query: query, keys: keys.map(Self.linear), values: values.map(Self.linear), rest: try afterAttention(prefix))
  }

  private func feedForwardOut(_ name: String) throws(ModelError) -> [BF16Linear] {
    let d = configuration.dimension
    let h = configuration.hiddenDimension
    try floats.read("\(name).bias", into: spare)
    let blocks = stride(from: 0, to: h, by: BF16Format.feedForwardBlock(configuration)).map { first in
      (first, emptyLinear(inputs: min(BF16Format.feedForwardBlock(configuration), h - first), outputs: d))
    }
    try withWeights("\(name).weight", inputs: h) { weights in
      for (first, linear) in blocks {
        let row = ck_bf16_pack(weights + first, h, d, first == 0 ? spare : nil, 0, linear)
        if row >= 0 { return row }
      }
      return -1
    }
    return blocks.map { Self.linear($0.1) }
  }

  private func afterAttention(_ prefix: String) throws(ModelError) -> CodedAfterAttention<BF16Linear> {
    let d = configuration.dimension
    let h = configuration.hiddenDimension
    let attentionNorm = try floats.norm("\(prefix).sa_layer_norm")
    let outputNorm = try floats.norm("\(prefix).output_layer_norm")
    try floats.read("\(prefix).attention.v_lin.bias", into: spare)
    let output = try linear("\(prefix).attention.out_lin", inputs: d, outputs: d) { weights, bias in
      // b_o + W_o·b_v: the values' bias passes through the softmax, whose probabilities sum to 1.
      kernels.linear(spare, d, 1, weights, d, d, d, nil, true, bias, d)
    }
    return CodedAfterAttention(
      attentionOutput: output, attentionNorm: attentionNorm,
      feedForwardIn: try linear("\(prefix).ffn.lin1", inputs: d, outputs: h),
      feedForwardOut: try feedForwardOut("\(prefix).ffn.lin2"), outputNorm: outputNorm)
  }
}
