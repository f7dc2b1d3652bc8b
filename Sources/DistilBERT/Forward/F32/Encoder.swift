import CKernels

/// The transformer layers that are computed for every token: all but the last.
///
/// Sequences lie one below the other in the workspace without padding, but for the few rows that `MatrixProduct.rowAlignment`
/// asks for; those hold zeroes at first and are computed along, and nobody reads them. Linear layers run over all rows of a thread
/// at once, attention runs per sequence and head. Each projection back into the residual stream is accumulated onto it by the
/// product itself, so that the next kernel adds only the bias.
struct Encoder {
  let configuration: ModelConfiguration
  let weights: Weights
  let kernels: ck_kernels
  let workspace: Workspace
  let member: TeamMember
  let clock: StageClock

  /// Rows that a sequence takes.
  static func rows(of length: Int) -> Int { roundUp(length, to: MatrixProduct.rowAlignment) }

  /// Fills this thread's rows of `workspace.hidden` with the sequences' states after all layers but the last. The sequences fit the
  /// workspace.
  func run(_ slice: Slice) {
    let division = RowDivision(configuration, alignment: MatrixProduct.rowAlignment, unit: MatrixProduct.rowMultiple)
    let rows = division.rows(of: member, lengths: slice.lengths)
    embed(slice, rows: rows)
    clock.lap(.embedding)
    for layer in weights.layers {
      // Others may still be reading this thread's keys and values of the layer before.
      member.wait()
      project(layer, rows: rows)
      member.meet()
      attend(layer, slice, rows: rows)
      member.arrive()
      finishAttention(layer, rows: rows)
      feedForward(layer, rows: rows)
    }
  }

  private func embed(_ slice: Slice, rows: Range<Int>) {
    let d = configuration.dimension
    let norm = weights.embeddingNorm
    var end = rows.lowerBound
    slice.forEachPart(in: rows, alignment: MatrixProduct.rowAlignment) { part in
      let start = part.row + part.tokens.lowerBound
      clear(rows: end..<max(end, min(start, rows.upperBound)))
      end = max(rows.lowerBound, part.row + part.tokens.upperBound)
      // All ids are in the vocabulary.
      _ = kernels.embed(
        slice.ids + part.token + part.tokens.lowerBound, part.tokens.count, d, weights.words, configuration.vocabularySize,
        weights.positions + part.tokens.lowerBound * d, norm.gamma, norm.beta, LayerNorm.epsilon, workspace.hidden + start * d)
    }
    clear(rows: end..<max(end, rows.upperBound))
  }

  private func clear(rows: Range<Int>) {
    let d = configuration.dimension
    (workspace.hidden + rows.lowerBound * d).update(repeating: 0, count: rows.count * d)
  }

  /// Queries, keys and values.
  private func project(_ layer: LayerWeights, rows: Range<Int>) {
    let d = configuration.dimension
    guard !rows.isEmpty else { return }
    layer.attentionInput.multiply(
      workspace.hidden + rows.lowerBound * d, ldx: d, rows: rows.count, into: workspace.wide + rows.lowerBound * 3 * d,
      accumulate: false, kernels: kernels)
    clock.lap(.attentionInput)
  }

  /// The context takes the queries' place.
  private func attend(_ layer: LayerWeights, _ slice: Slice, rows: Range<Int>) {
    let d = configuration.dimension
    let headDimension = configuration.headDimension
    slice.forEachPart(in: rows, alignment: MatrixProduct.rowAlignment) { part in
      guard !part.tokens.isEmpty else { return }
      for head in 0..<configuration.heads {
        let column = head * headDimension
        let query = workspace.wide + part.row * 3 * d + column
        kernels.attention(
          query, query + d, query + 2 * d, 3 * d, part.length, headDimension, layer.attentionInput.bias + column,
          part.tokens.lowerBound, part.tokens.count, workspace.attention)
      }
    }
    clock.lap(.attention)
  }

  /// hidden = LayerNorm(hidden + W_o·context)
  private func finishAttention(_ layer: LayerWeights, rows: Range<Int>) {
    let d = configuration.dimension
    guard !rows.isEmpty else { return }
    let hidden = workspace.hidden + rows.lowerBound * d
    layer.attentionOutput.multiply(
      workspace.wide + rows.lowerBound * 3 * d, ldx: 3 * d, rows: rows.count, into: hidden, accumulate: true, kernels: kernels)
    clock.lap(.attentionOutput)
    normalise(hidden, rows: rows.count, bias: layer.attentionOutput.bias, norm: layer.attentionNorm)
    clock.lap(.norm)
  }

  /// hidden = LayerNorm(hidden + lin2(activation(lin1(hidden)))), in tiles that the L2 and L3 caches keep for the activation.
  private func feedForward(_ layer: LayerWeights, rows: Range<Int>) {
    let d = configuration.dimension
    let h = configuration.hiddenDimension
    guard !rows.isEmpty else { return }
    let tiles = (rows.count + workspace.tileRows - 1) / workspace.tileRows
    // 48 rows keep a token's place in its group of rows (see MatrixProduct).
    let step = roundUp((rows.count + tiles - 1) / tiles, to: 48)
    for row in stride(from: rows.lowerBound, to: rows.upperBound, by: step) {
      let count = min(step, rows.upperBound - row)
      let tile = workspace.hidden + row * d
      let inner = workspace.tile
      layer.feedForwardIn.multiply(tile, ldx: d, rows: count, into: inner, accumulate: false, kernels: kernels)
      clock.lap(.feedForwardIn)
      activate(inner, rows: count, columns: h, bias: layer.feedForwardIn.bias)
      clock.lap(.activation)
      layer.feedForwardOut.multiply(inner, ldx: h, rows: count, into: tile, accumulate: true, kernels: kernels)
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
