import CKernels

/// The transformer layers that are computed for every token: all but the last.
///
/// Sequences lie one below the other in the workspace without padding, but for the few rows that OpenBLAS may
/// ask for (`RowLayout`); those hold zeroes at first and are computed along, and nobody reads them. Linear layers run over all rows at once,
/// each thread of the lane has a part of each (`ProductPart`); attention runs per sequence and head. Each projection back into the
/// residual stream is accumulated onto it by the product itself, so that the next kernel adds only the bias.
struct Encoder {
  let configuration: ModelConfiguration
  let weights: Weights
  let layout: RowLayout
  let kernels: ck_kernels
  let workspace: Workspace
  let member: TeamMember
  let clock: StageClock

  /// Fills `workspace.hidden` with the sequences' states after all layers but the last: this thread's part, which the others have
  /// to meet. The sequences fit the workspace.
  func run(_ slice: Slice) {
    let division = RowDivision(alignment: layout.alignment, unit: layout.multiple)
    let own = division.rows(of: member, lengths: slice.lengths)
    let rows = roundUp(slice.lengths.reduce(0) { $0 + layout.rows(of: $1) }, to: layout.multiple)
    embed(slice, rows: own)
    clock.lap(.embedding)
    for layer in weights.layers {
      member.meet()
      project(layer, rows: rows)
      member.meet()
      attend(layer, slice, rows: own)
      member.meet()
      finishAttention(layer, rows: rows)
      feedForward(layer, rows: rows)
    }
  }

  private func embed(_ slice: Slice, rows: Range<Int>) {
    let d = configuration.dimension
    let norm = weights.embeddingNorm
    var end = rows.lowerBound
    slice.forEachPart(in: rows, alignment: layout.alignment) { part in
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
  private func project(_ layer: LayerWeights, rows: Int) {
    multiply(workspace.hidden, ldx: configuration.dimension, rows: rows, by: layer.attentionInput, into: workspace.wide)
    clock.lap(.attentionInput)
  }

  /// The context takes the queries' place.
  private func attend(_ layer: LayerWeights, _ slice: Slice, rows: Range<Int>) {
    let d = configuration.dimension
    let headDimension = configuration.headDimension
    slice.forEachPart(in: rows, alignment: layout.alignment) { part in
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
  private func finishAttention(_ layer: LayerWeights, rows: Int) {
    let d = configuration.dimension
    multiply(
      workspace.wide, ldx: 3 * d, rows: rows, by: layer.attentionOutput, into: workspace.hidden, accumulate: true)
    clock.lap(.attentionOutput)
    member.meet()
    normaliseOwn(workspace.hidden, rows: rows, bias: layer.attentionOutput.bias, norm: layer.attentionNorm)
  }

  /// hidden = LayerNorm(hidden + lin2(activation(lin1(hidden)))), in tiles that the L2 and L3 caches keep for the activation.
  private func feedForward(_ layer: LayerWeights, rows: Int) {
    let d = configuration.dimension
    let tiles = (rows + workspace.tileRows - 1) / workspace.tileRows
    // 48 rows keep a token's place in OpenBLAS's group of rows (see MatrixProduct).
    let step = roundUp((rows + tiles - 1) / tiles, to: 48)
    for row in stride(from: 0, to: rows, by: step) {
      let count = min(step, rows - row)
      let tile = workspace.hidden + row * d
      // Queries, keys and values are done with: their place takes the tile.
      let inner = workspace.wide
      member.meet()
      widen(tile, rows: count, by: layer.feedForwardIn, into: inner)
      member.meet()
      multiply(inner, ldx: configuration.hiddenDimension, rows: count, by: layer.feedForwardOut, into: tile, accumulate: true)
      clock.lap(.feedForwardOut)
      member.meet()
      normaliseOwn(tile, rows: count, bias: layer.feedForwardOut.bias, norm: layer.outputNorm)
    }
  }

  /// This thread's part of y = activation(x·wᵀ + bias).
  private func widen(_ x: UnsafePointer<Float>, rows: Int, by linear: Linear, into y: UnsafeMutablePointer<Float>) {
    let part = ProductPart(of: rows, linear, for: member)
    if linear.form == .panels {
      // The activation is part of the product.
      let finish = configuration.activation == .gelu ? CK_GELU : CK_RELU
      linear.multiply(x, ldx: linear.inputs, part, into: y, finish: finish, kernels: kernels)
      clock.lap(.feedForwardIn)
    } else {
      linear.multiply(x, ldx: linear.inputs, part, into: y, accumulate: false, kernels: kernels)
      clock.lap(.feedForwardIn)
      activate(y, part, bias: linear.bias)
      clock.lap(.activation)
    }
  }

  /// This thread's part of y = x·wᵀ, or y += x·wᵀ, without the bias.
  private func multiply(
    _ x: UnsafePointer<Float>, ldx: Int, rows: Int, by linear: Linear, into y: UnsafeMutablePointer<Float>,
    accumulate: Bool = false
  ) {
    let part = ProductPart(of: rows, linear, for: member)
    linear.multiply(x, ldx: ldx, part, into: y, accumulate: accumulate, kernels: kernels)
  }

  /// x = activation(x + bias), x: (rows, hidden_dim), in a part of it.
  private func activate(_ x: UnsafeMutablePointer<Float>, _ part: ProductPart, bias: UnsafePointer<Float>) {
    let h = configuration.hiddenDimension
    let start = x + part.rows.lowerBound * h + part.columns.lowerBound
    if part.columns.count == h {
      activate(start, rows: part.rows.count, columns: h, bias: bias)
    } else {
      for row in 0..<part.rows.count {
        activate(start + row * h, rows: 1, columns: part.columns.count, bias: bias + part.columns.lowerBound)
      }
    }
  }

  /// x = LayerNorm(x + bias), (rows, dim), for this thread's rows.
  private func normaliseOwn(_ x: UnsafeMutablePointer<Float>, rows: Int, bias: UnsafePointer<Float>, norm: LayerNorm) {
    let own = member.share(of: rows)
    normalise(x + own.lowerBound * configuration.dimension, rows: own.count, bias: bias, norm: norm)
    clock.lap(.norm)
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
