import CKernels

/// The forward pass at int8 or bf16: every product of a linear layer and of attention in that format, nothing through OpenBLAS.
/// At int8 it gives the same bits on every kernel path.
///
/// Attention runs per sequence. Between it and the next layer's attention each token is alone, so that a tile of rows goes
/// through all of that at a time and its activations stay in the cache.
struct CodedPass<Format: NumberFormat>: ForwardPass {
  let configuration: ModelConfiguration
  let weights: CodedWeights<Format>
  let format: Format
  let floatKernels: ck_kernels
  let workspace: CodedWorkspace<Format>
  let clock = StageClock()

  init(
    _ configuration: ModelConfiguration, weights: CodedWeights<Format>, format: Format, floatKernels: ck_kernels,
    maximumTokens: Int, longestSequence: Int
  ) throws(ModelError) {
    self.configuration = configuration
    self.weights = weights
    self.format = format
    self.floatKernels = floatKernels
    let rows = max(min(maximumTokens, Self.sliceRows), longestSequence)
    workspace = try CodedWorkspace(configuration, rows: rows, longestSequence: longestSequence)
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
    for row in stride(from: 0, to: rows, by: Format.tileRows) { body(row, min(Format.tileRows, rows - row)) }
  }

  private func embed(_ ids: UnsafePointer<Int32>, count: Int, atRow row: Int) -> Int {
    format.embed(
      ids, count: count, words: weights.words, vocabulary: configuration.vocabularySize, positions: weights.positions,
      norm: weights.embeddingNorm, dimension: configuration.dimension, for: weights.layers.first?.attentionInput,
      into: workspace.hidden + row * configuration.dimension, workspace.coded[from: row])
  }

  /// Queries, keys and values of a tile.
  private func project(_ layer: Format.Linear, row: Int, count: Int) {
    format.project(
      workspace.coded[from: row], rows: count, by: layer, configuration: configuration, into: workspace.heads, at: row,
      floats: workspace.floats, clock: clock)
  }

  /// The context of every token, as codes.
  private func attend(_ lengths: UnsafeBufferPointer<Int>) {
    var row = 0
    for length in lengths {
      format.attend(
        workspace.heads, row: row, length: length, configuration: configuration, into: workspace.coded[from: row],
        scratch: workspace.attention)
      row += length
    }
    clock.lap(.attention)
  }

  /// hidden = LayerNorm(hidden + W_o·context), then hidden = LayerNorm(hidden + lin2(activation(lin1(hidden)))), for a tile,
  /// which is then coded for the layer that reads it next.
  private func finishLayer(
    _ layer: CodedAfterAttention<Format.Linear>, row: Int, count: Int, for next: Format.Linear?
  ) {
    let tile = workspace.hidden + row * configuration.dimension
    finishLayer(
      layer, states: tile, coded: workspace.coded[from: row], rows: count, inner: workspace.inner, floats: workspace.floats,
      for: next)
  }

  /// The same for `rows` states anywhere; `coded` has the context's codes at first.
  func finishLayer(
    _ layer: CodedAfterAttention<Format.Linear>, states: UnsafeMutablePointer<Float>, coded: Format.Rows, rows: Int,
    inner: Format.Rows, floats: UnsafeMutablePointer<Float>, for next: Format.Linear?
  ) {
    let d = configuration.dimension
    format.multiply(coded, rows: rows, by: layer.attentionOutput, into: states, ldy: d, accumulate: true)
    clock.lap(.attentionOutput)
    format.normalise(
      states, rows: rows, dimension: d, norm: layer.attentionNorm, for: layer.feedForwardIn, into: coded)
    clock.lap(.norm)
    let block = configuration.feedForwardBlock
    for (index, out) in layer.feedForwardOut.enumerated() {
      format.expand(
        coded, rows: rows, by: layer.feedForwardIn, outputs: index * block..<index * block + out.inputs,
        activation: configuration.activation, into: inner, floats: floats, clock: clock)
      format.multiply(inner, rows: rows, by: out, into: states, ldy: d, accumulate: true)
      clock.lap(.feedForwardOut)
    }
    format.normalise(states, rows: rows, dimension: d, norm: layer.outputNorm, for: next, into: coded)
    clock.lap(.norm)
  }
}
