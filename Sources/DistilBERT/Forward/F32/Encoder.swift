import CKernels

/// The transformer layers that are computed for every token: all but the last.
///
/// Sequences lie one below the other in the workspace without padding, but for the few rows that `MatrixProduct.rowAlignment`
/// asks for; those hold zeroes at first and are computed along, and nobody reads them. Linear layers run over all rows at once,
/// attention runs per sequence and head. Each projection back into the residual stream is accumulated onto it by the product
/// itself, so that the next kernel adds only the bias.
struct Encoder {
  let configuration: ModelConfiguration
  let weights: Weights
  let kernels: ck_kernels
  let workspace: Workspace
  let clock: StageClock

  /// Rows that a sequence takes.
  static func rows(of length: Int) -> Int { roundUp(length, to: MatrixProduct.rowAlignment) }

  static func roundUp(_ count: Int, to step: Int) -> Int { (count + step - 1) / step * step }

  /// Fills `workspace.hidden` with the sequences' states after all layers but the last. `lengths` fits the workspace.
  /// Returns the position in `ids` of the first id outside the vocabulary, or nil.
  func run(ids: UnsafePointer<Int32>, lengths: UnsafeBufferPointer<Int>) -> Int? {
    var rows = 0
    var token = 0
    for length in lengths {
      let bad = embed(ids + token, count: length, atRow: rows)
      guard bad < 0 else { return token + bad }
      token += length
      rows += Self.rows(of: length)
    }
    let all = Self.roundUp(rows, to: MatrixProduct.rowMultiple)
    clear(rows: rows..<all)
    clock.lap(.embedding)
    for layer in weights.layers {
      attend(layer, lengths: lengths, rows: all)
      feedForward(layer, rows: all)
    }
    return nil
  }

  private func embed(_ ids: UnsafePointer<Int32>, count: Int, atRow row: Int) -> Int {
    let d = configuration.dimension
    let norm = weights.embeddingNorm
    clear(rows: row + count..<row + Self.rows(of: count))
    return kernels.embed(
      ids, count, d, weights.words, configuration.vocabularySize, weights.positions, norm.gamma, norm.beta, LayerNorm.epsilon,
      workspace.hidden + row * d)
  }

  private func clear(rows: Range<Int>) {
    let d = configuration.dimension
    (workspace.hidden + rows.lowerBound * d).update(repeating: 0, count: rows.count * d)
  }

  /// hidden = LayerNorm(hidden + attention(hidden))
  private func attend(_ layer: LayerWeights, lengths: UnsafeBufferPointer<Int>, rows: Int) {
    let d = configuration.dimension
    let headDimension = configuration.headDimension
    let wide = workspace.wide
    layer.attentionInput.multiply(workspace.hidden, ldx: d, rows: rows, into: wide, accumulate: false, kernels: kernels)
    clock.lap(.attentionInput)
    var row = 0
    for length in lengths {
      for head in 0..<configuration.heads {
        let column = head * headDimension
        let query = wide + row * 3 * d + column
        kernels.attention(
          query, query + d, query + 2 * d, 3 * d, length, headDimension, layer.attentionInput.bias + column, 0, length,
          workspace.attention)
      }
      row += Self.rows(of: length)
    }
    clock.lap(.attention)
    // The context has taken the queries' place.
    layer.attentionOutput.multiply(wide, ldx: 3 * d, rows: rows, into: workspace.hidden, accumulate: true, kernels: kernels)
    clock.lap(.attentionOutput)
    normalise(workspace.hidden, rows: rows, bias: layer.attentionOutput.bias, norm: layer.attentionNorm)
    clock.lap(.norm)
  }

  /// hidden = LayerNorm(hidden + lin2(activation(lin1(hidden)))), in tiles that the L2 and L3 caches keep for the activation.
  private func feedForward(_ layer: LayerWeights, rows: Int) {
    let d = configuration.dimension
    let h = configuration.hiddenDimension
    let tiles = (rows + Workspace.feedForwardRows - 1) / Workspace.feedForwardRows
    // 48 rows keep a token's place in its group of rows (see MatrixProduct).
    let step = Self.roundUp((rows + tiles - 1) / tiles, to: 48)
    for row in stride(from: 0, to: rows, by: step) {
      let count = min(step, rows - row)
      let tile = workspace.hidden + row * d
      layer.feedForwardIn.multiply(tile, ldx: d, rows: count, into: workspace.wide, accumulate: false, kernels: kernels)
      clock.lap(.feedForwardIn)
      activate(workspace.wide, rows: count, columns: h, bias: layer.feedForwardIn.bias)
      clock.lap(.activation)
      layer.feedForwardOut.multiply(workspace.wide, ldx: h, rows: count, into: tile, accumulate: true, kernels: kernels)
      clock.lap(.feedForwardOut)
      normalise(tile, rows: count, bias: layer.feedForwardOut.bias, norm: layer.outputNorm)
      clock.lap(.norm)
    }
  }

  /// x = activation(x + bias)
  func activate(_ x: UnsafeMutablePointer<Float>, rows: Int, columns: Int, bias: UnsafePointer<Float>) {
    switch configuration.activation {
    case .gelu: kernels.bias_gelu(x, rows, columns, bias)
    case .relu: kernels.bias_relu(x, rows, columns, bias)
    }
  }

  /// x = LayerNorm(x + bias)
  func normalise(_ x: UnsafeMutablePointer<Float>, rows: Int, bias: UnsafePointer<Float>, norm: LayerNorm) {
    kernels.bias_layer_norm(x, rows, configuration.dimension, bias, norm.gamma, norm.beta, LayerNorm.epsilon)
  }
}
