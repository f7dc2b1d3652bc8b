import CKernels

/// The forward pass at int8: every product of a linear layer and of attention in integers, nothing through OpenBLAS, the same
/// bits on every kernel path.
///
/// Attention runs per sequence. Between it and the next layer's attention each token is alone, so that a tile of rows goes
/// through all of that at a time and its activations stay in the cache.
struct Int8Pass: ForwardPass {
  let configuration: ModelConfiguration
  let weights: Int8Weights
  let kernels: ck_i8_kernels
  let floatKernels: ck_kernels
  let workspace: Int8Workspace
  let clock = StageClock()

  init(
    _ configuration: ModelConfiguration, weights: Int8Weights, kernels path: KernelPath, maximumTokens: Int,
    longestSequence: Int
  ) throws(ModelError) {
    self.configuration = configuration
    self.weights = weights
    kernels = path.int8Kernels
    floatKernels = path.kernels
    let rows = max(min(maximumTokens, Self.sliceRows), longestSequence)
    workspace = try Int8Workspace(configuration, rows: rows, longestSequence: longestSequence)
  }

  var rows: Int { workspace.rows }
  var workspaceBytes: Int { workspace.memory.bytes }

  func rows(of length: Int) -> Int { length }

  func run(
    ids: UnsafePointer<Int32>, lengths: UnsafeBufferPointer<Int>, logits: UnsafeMutablePointer<Float>
  ) -> Int? {
    clock.start()
    var rows = 0
    for length in lengths {
      let bad = embed(ids + rows, count: length, atRow: rows)
      guard bad < 0 else { return rows + bad }
      rows += length
    }
    clock.lap(.embedding)
    if let first = weights.layers.first {
      forEachTile(of: rows) { row, count in project(first.attentionInput, row: row, count: count) }
    }
    for index in weights.layers.indices {
      attend(lengths)
      forEachTile(of: rows) { row, count in
        let next = index + 1 < weights.layers.count ? weights.layers[index + 1].attentionInput : nil
        finishLayer(weights.layers[index].rest, row: row, count: count, for: next)
        if let next { project(next, row: row, count: count) }
      }
    }
    clock.lap(.head) { runHead(lengths: lengths, logits: logits) }
    return nil
  }

  private func forEachTile(of rows: Int, _ body: (_ row: Int, _ count: Int) -> Void) {
    for row in stride(from: 0, to: rows, by: Int8Workspace.tileRows) { body(row, min(Int8Workspace.tileRows, rows - row)) }
  }

  private func embed(_ ids: UnsafePointer<Int32>, count: Int, atRow row: Int) -> Int {
    let d = configuration.dimension
    let norm = weights.embeddingNorm
    let coded = workspace.coded[from: row]
    return kernels.embed(
      ids, count, d, weights.words, weights.wordScales, configuration.vocabularySize, weights.positions, norm.gamma, norm.beta,
      LayerNorm.epsilon, weights.layers.first?.attentionInput.factors, workspace.hidden + row * d, coded.codes, coded.stride,
      coded.scales, coded.zeros)
  }

  /// Queries, keys and values of a tile.
  private func project(_ layer: Int8Linear, row: Int, count: Int) {
    multiply(workspace.coded[from: row], rows: count, by: layer, into: workspace.wide)
    clock.lap(.attentionInput)
    withUnsafePointer(to: workspace.heads) {
      kernels.split_heads(workspace.wide, count, configuration.heads, configuration.headDimension, $0, row)
    }
    clock.lap(.attention)
  }

  /// The context of every token, as codes.
  private func attend(_ lengths: UnsafeBufferPointer<Int>) {
    var row = 0
    for length in lengths {
      let context = workspace.coded[from: row]
      withUnsafePointer(to: workspace.heads) {
        kernels.attention(
          $0, row, length, configuration.heads, configuration.headDimension, 0, length, context.codes, context.stride,
          context.scales, context.zeros, workspace.attention)
      }
      row += length
    }
    clock.lap(.attention)
  }

  /// hidden = LayerNorm(hidden + W_o·context), then hidden = LayerNorm(hidden + lin2(activation(lin1(hidden)))), for a tile,
  /// which is then coded for the layer that reads it next.
  private func finishLayer(_ layer: Int8AfterAttentionWeights, row: Int, count: Int, for next: Int8Linear?) {
    let tile = workspace.hidden + row * configuration.dimension
    finishLayer(
      layer, states: tile, coded: workspace.coded[from: row], rows: count, inner: workspace.wide,
      innerCoded: workspace.wideCoded, for: next)
  }

  /// The same for `rows` states anywhere; `coded` has the context's codes at first.
  func finishLayer(
    _ layer: Int8AfterAttentionWeights, states: UnsafeMutablePointer<Float>, coded: CodedRows, rows: Int,
    inner: UnsafeMutablePointer<Float>, innerCoded: CodedRows, for next: Int8Linear?
  ) {
    multiply(coded, rows: rows, by: layer.attentionOutput, into: states, residual: true)
    clock.lap(.attentionOutput)
    normalise(states, rows: rows, norm: layer.attentionNorm, for: layer.feedForwardIn, into: coded)
    clock.lap(.norm)
    let block = configuration.feedForwardBlock
    for (index, out) in layer.feedForwardOut.enumerated() {
      multiply(coded, rows: rows, by: layer.feedForwardIn, outputs: index * block..<index * block + out.inputs, into: inner)
      clock.lap(.feedForwardIn)
      activate(inner, rows: rows, columns: out.inputs, into: innerCoded)
      clock.lap(.activation)
      multiply(innerCoded, rows: rows, by: out, into: states, residual: true)
      clock.lap(.feedForwardOut)
    }
    normalise(states, rows: rows, norm: layer.outputNorm, for: next, into: coded)
    clock.lap(.norm)
  }

  // MARK: Kernels

  /// y = x·wᵀ + bias, or y += x·wᵀ + bias, for all outputs or some. y: (rows, outputs), rows `ldy` floats apart, or contiguous.
  func multiply(
    _ x: CodedRows, rows: Int, by linear: Int8Linear, outputs: Range<Int>? = nil, into y: UnsafeMutablePointer<Float>,
    ldy: Int? = nil, residual: Bool = false
  ) {
    let outputs = outputs ?? 0..<linear.outputs
    let ldy = ldy ?? outputs.count
    kernels.product(
      x.codes, x.stride, x.scales, x.zeros, rows, linear.weights, outputs.lowerBound, outputs.count,
      residual ? UnsafePointer(y) : nil, ldy, y,
      ldy)
  }

  /// Layer norm in place, and the codes that `next` reads.
  private func normalise(
    _ x: UnsafeMutablePointer<Float>, rows: Int, norm: LayerNorm, for next: Int8Linear?, into coded: CodedRows
  ) {
    kernels.norm(
      x, rows, configuration.dimension, norm.gamma, norm.beta, LayerNorm.epsilon, next?.factors, coded.codes, coded.stride,
      coded.scales,
      coded.zeros)
  }

  private func activate(_ x: UnsafeMutablePointer<Float>, rows: Int, columns: Int, into coded: CodedRows) {
    switch configuration.activation {
    case .gelu: kernels.gelu(x, rows, columns, coded.codes, coded.stride, coded.scales, coded.zeros)
    case .relu: kernels.relu(x, rows, columns, coded.codes, coded.stride, coded.scales, coded.zeros)
    }
  }
}
