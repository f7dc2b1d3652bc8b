import CKernels

/// What a model's activations look like at f32, for rounding the weights (`int8_calibration.h`): the forward pass of two short made-up sequences, layer by layer as the loader comes by with the weights.
///
/// Which channels are large is a property of the weights far more than of the text, so any tokens show it; these need no
/// vocabulary and are the same everywhere. The kernels give the same bits on every path, and so do the factors.
struct Int8Calibration {
  private static let sequences = 2
  private let configuration: ModelConfiguration
  private let kernels: ck_kernels
  private let memory: FloatMemory
  /// Tokens of each sequence.
  private let length: Int
  /// (sequences · length, dim)
  private let hidden: UnsafeMutablePointer<Float>
  /// (sequences · length, max(3 · dim, hidden_dim))
  private let wide: UnsafeMutablePointer<Float>
  private let attention: UnsafeMutablePointer<Float>
  private let statistics: ck_i8_statistics
  private var rows: Int { Self.sequences * length }

  init(_ configuration: ModelConfiguration, kernels: ck_kernels) throws(ModelError) {
    let d = configuration.dimension
    let length = min(64, configuration.maximumPositions)
    let rows = Self.sequences * length
    let wideColumns = max(3 * d, configuration.hiddenDimension)
    let scratch = ck_attention_scratch(length, configuration.headDimension)
    memory = try FloatMemory(
      capacity: FloatMemory.capacity(for: [rows * d, rows * wideColumns, scratch, wideColumns, wideColumns, wideColumns]),
      purpose: "activations, while weights are quantised")
    self.configuration = configuration
    self.kernels = kernels
    self.length = length
    hidden = memory.take(rows * d)
    wide = memory.take(rows * wideColumns)
    attention = memory.take(scratch)
    statistics = ck_i8_statistics(
      mean: memory.take(wideColumns), first: memory.take(wideColumns), power: memory.take(wideColumns))
  }

  /// The embedding of the made-up sequences. `word` writes a row of the word embedding.
  func embed(
    positions: UnsafePointer<Float>, norm: LayerNorm, word: (Int, UnsafeMutablePointer<Float>) throws(ModelError) -> Void
  ) throws(ModelError) {
    let d = configuration.dimension
    for row in 0..<rows {
      let place = hidden + row * d
      try word(token(row), place)
      kernels.bias_layer_norm(
        place, 1, d, positions + row % length * d, norm.gamma, norm.beta, LayerNorm.epsilon)
    }
  }

  /// [CLS] and [SEP] where BERT's vocabularies have them, tokens from all over the vocabulary between them. The first
  /// sixteenth is left out: there BERT's vocabularies have tokens that no text has.
  private func token(_ row: Int) -> Int {
    let vocabulary = configuration.vocabularySize
    let position = row % length
    if vocabulary > 102, position == 0 { return 101 }
    if vocabulary > 102, position == length - 1 { return 102 }
    let first = vocabulary / 16
    return first + (row + 1) * 7_919 % (vocabulary - first)
  }

  /// The factors for a layer that reads the hidden states: what to multiply its weights' columns with, and in `divide` what to
  /// multiply its activations with. w: (outputs, dim).
  func smoothing(
    of w: UnsafePointer<Float>, outputs: Int, multiply: UnsafeMutablePointer<Float>, divide: UnsafeMutablePointer<Float>
  ) {
    ck_i8_smoothing(hidden, rows, w, outputs, configuration.dimension, multiply, divide)
  }

  /// Where a layer's inputs are at the time when its weights are rounded.
  enum Inputs {
    case hidden
    /// After `attend`.
    case context
    /// After `feedForwardIn`: some channels of the activation.
    case inner(Range<Int>)
  }

  /// Rounds the weights of a layer with such inputs, times `factors`. w: (outputs, inputs), rows `ldw` apart.
  func round(
    _ w: UnsafeMutablePointer<Float>, ldw: Int, outputs: Int, for inputs: Inputs, factors: UnsafePointer<Float>? = nil
  ) {
    let d = configuration.dimension
    let h = configuration.hiddenDimension
    let (x, stride, count) =
      switch inputs {
      case .hidden: (hidden, d, d)
      case .context: (wide, 3 * d, d)
      case .inner(let channels): (wide + channels.lowerBound, h, channels.count)
      }
    withUnsafePointer(to: statistics) {
      ck_i8_measure(x, stride, rows, length, count, factors, $0)
      ck_i8_round(w, ldw, outputs, count, $0)
    }
  }

  /// Queries, keys and values, then the context in the queries' place. w: (3 · dim, dim).
  func attend(_ w: UnsafePointer<Float>, queryBias: UnsafePointer<Float>) {
    let d = configuration.dimension
    let headDimension = configuration.headDimension
    kernels.linear(hidden, d, rows, w, d, 3 * d, d, nil, false, wide, 3 * d)
    for sequence in 0..<Self.sequences {
      for head in 0..<configuration.heads {
        let query = wide + sequence * length * 3 * d + head * headDimension
        kernels.attention(
          query, query + d, query + 2 * d, 3 * d, length, headDimension, queryBias + head * headDimension, 0, length,
          attention)
      }
    }
  }

  /// hidden = LayerNorm(hidden + w·context + bias)
  func project(_ w: UnsafePointer<Float>, bias: UnsafePointer<Float>, norm: LayerNorm) {
    let d = configuration.dimension
    kernels.linear(wide, 3 * d, rows, w, d, d, d, nil, true, hidden, d)
    kernels.bias_layer_norm(hidden, rows, d, bias, norm.gamma, norm.beta, LayerNorm.epsilon)
  }

  func feedForwardIn(_ w: UnsafePointer<Float>, bias: UnsafePointer<Float>) {
    let d = configuration.dimension
    let h = configuration.hiddenDimension
    kernels.linear(hidden, d, rows, w, d, h, d, nil, false, wide, h)
    switch configuration.activation {
    case .gelu: kernels.bias_gelu(wide, rows, h, bias)
    case .relu: kernels.bias_relu(wide, rows, h, bias)
    }
  }

  /// hidden = LayerNorm(hidden + w·activation + bias)
  func feedForwardOut(_ w: UnsafePointer<Float>, bias: UnsafePointer<Float>, norm: LayerNorm) {
    let d = configuration.dimension
    let h = configuration.hiddenDimension
    kernels.linear(wide, h, rows, w, h, d, h, nil, true, hidden, d)
    kernels.bias_layer_norm(hidden, rows, d, bias, norm.gamma, norm.beta, LayerNorm.epsilon)
  }
}
