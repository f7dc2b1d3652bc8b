import CKernels

/// Turns a checkpoint's tensors into `Weights`: checks them all, then converts each into the place and form that the forward
/// pass reads it in.
struct WeightLoader {
  private let kernels: ck_kernels
  private let floats: FloatTensors
  private var reader: CheckpointReader { floats.reader }
  private var memory: FloatMemory { floats.memory }
  private var configuration: ModelConfiguration { reader.configuration }

  static func load(_ reader: CheckpointReader, kernels: ck_kernels) throws(ModelError) -> Weights {
    // Every tensor is kept; only biases move (the keys' goes, a few sums stay). Panels fill up their last channels.
    let expected = CheckpointReader.expectedTensors(of: reader.configuration)
    let capacity = FloatMemory.capacity(
      for: expected.map { _, shape in
        guard kernels.panel_product != nil, shape.count == 2 else { return shape.reduce(1, *) }
        return Linear.weightCount(.panels, inputs: shape[1], outputs: shape[0])
      })
    let memory = try FloatMemory(capacity: capacity, purpose: "weights at f32")
    return try WeightLoader(
      kernels: kernels, floats: FloatTensors(reader: reader, memory: memory)
    ).weights()
  }

  // MARK: Tensors

  /// Puts the rows of several (outputs, inputs) weights one below the other.
  private func linear(
    _ names: [String], inputs: Int, outputs: Int, form: Linear.Form, scales: [Float], bias: UnsafeMutablePointer<Float>
  ) throws(ModelError) -> Linear {
    let all = outputs * names.count
    let weights = memory.take(Linear.weightCount(form, inputs: inputs, outputs: all))
    for (index, name) in names.enumerated() {
      try reader.convert("\(name).weight") {
        switch form {
        case .panels: ck_pack_panels($0, $1, outputs, inputs, scales[index], index * outputs, weights)
        case .rows: ck_convert($0, $1, outputs * inputs, scales[index], weights + index * outputs * inputs)
        case .matrix: ck_convert_transposed($0, $1, outputs, inputs, scales[index], weights + index * outputs, all)
        }
      }
    }
    return Linear(form: form, inputs: inputs, outputs: all, weights: weights, bias: bias)
  }

  private func linear(_ name: String, inputs: Int, outputs: Int, form: Linear.Form? = nil, scale: Float = 1) throws(ModelError)
    -> Linear
  {
    let form = form ?? self.form(inputs: inputs, outputs: outputs)
    let bias = try floats.tensor("\(name).bias", scale: scale)
    return try linear([name], inputs: inputs, outputs: outputs, form: form, scales: [scale], bias: bias)
  }

  private func form(inputs: Int, outputs: Int) -> Linear.Form {
    if kernels.panel_product != nil { return .panels }
    return MatrixProduct.suits(inputs: inputs, outputs: outputs) ? .matrix : .rows
  }

  // MARK: Modules

  private func weights() throws(ModelError) -> Weights {
    let d = configuration.dimension
    let words = try floats.tensor("distilbert.embeddings.word_embeddings.weight")
    let positions = try floats.tensor("distilbert.embeddings.position_embeddings.weight")
    let embeddingNorm = try floats.norm("distilbert.embeddings.LayerNorm")
    var layers: [LayerWeights] = []
    for index in 0..<max(configuration.layers - 1, 0) { layers.append(try layer(index)) }
    let last = configuration.layers == 0 ? nil : try lastLayer(configuration.layers - 1)
    return Weights(
      memory: memory, words: words, positions: positions, embeddingNorm: embeddingNorm, layers: layers, last: last,
      preClassifier: try floats.head("pre_classifier", outputs: d),
      classifier: try floats.head("classifier", outputs: configuration.labels.count))
  }

  private var queryScale: Float { 1 / Float(configuration.headDimension).squareRoot() }

  private func layer(_ index: Int) throws(ModelError) -> LayerWeights {
    let d = configuration.dimension
    let h = configuration.hiddenDimension
    let prefix = "distilbert.transformer.layer.\(index)"
    let attention = "\(prefix).attention"
    let queryBias = try floats.tensor("\(attention).q_lin.bias", scale: queryScale)
    let valueBias = try floats.tensor("\(attention).v_lin.bias")
    let input = try linear(
      ["\(attention).q_lin", "\(attention).k_lin", "\(attention).v_lin"], inputs: d, outputs: d,
      form: form(inputs: d, outputs: 3 * d), scales: [queryScale, 1, 1], bias: queryBias)
    // Not used, but a checkpoint with NaN in it is damaged all the same; its place takes W_o·b_v.
    let moved = try floats.tensor("\(attention).k_lin.bias")
    let output = try linear("\(attention).out_lin", inputs: d, outputs: d)
    switch output.form {
    case .panels: kernels.panel_product?(valueBias, d, 1, output.weights, d, 0, d, output.bias, CK_SUM, false, moved, d)
    case .matrix: kernels.product(valueBias, d, 1, output.weights, d, d, d, moved, d)
    case .rows: kernels.linear(valueBias, d, 1, output.weights, d, d, d, nil, false, moved, d)
    }
    for i in 0..<d { output.bias[i] += moved[i] }
    return LayerWeights(
      attentionInput: input, attentionOutput: output, attentionNorm: try floats.norm("\(prefix).sa_layer_norm"),
      feedForwardIn: try linear("\(prefix).ffn.lin1", inputs: d, outputs: h),
      feedForwardOut: try linear("\(prefix).ffn.lin2", inputs: h, outputs: d),
      outputNorm: try floats.norm("\(prefix).output_layer_norm"))
  }

  private func lastLayer(_ index: Int) throws(ModelError) -> LastLayerWeights {
    let d = configuration.dimension
    let h = configuration.hiddenDimension
    let prefix = "distilbert.transformer.layer.\(index)"
    let attention = "\(prefix).attention"
    _ = try floats.tensor("\(attention).k_lin.bias")  // cancels in the softmax; checked all the same
    return LastLayerWeights(
      query: try linear("\(attention).q_lin", inputs: d, outputs: d, form: .rows, scale: queryScale),
      key: try floats.tensor("\(attention).k_lin.weight"),
      value: try linear("\(attention).v_lin", inputs: d, outputs: d, form: .rows),
      attentionOutput: try linear("\(attention).out_lin", inputs: d, outputs: d, form: .rows),
      attentionNorm: try floats.norm("\(prefix).sa_layer_norm"),
      feedForwardIn: try linear("\(prefix).ffn.lin1", inputs: d, outputs: h, form: .rows),
      feedForwardOut: try linear("\(prefix).ffn.lin2", inputs: h, outputs: d, form: .rows),
      outputNorm: try floats.norm("\(prefix).output_layer_norm"))
  }
}
