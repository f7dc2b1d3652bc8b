import CKernels

/// The forward pass at int8 or bf16: every product of a linear layer and of attention in that format, nothing through OpenBLAS.
/// At int8 it gives the same bits on every kernel path.
///
/// Attention runs per sequence. Between it and the next layer's attention each token is alone, so that a tile of a thread's rows
/// goes through all of that at a time and its activations stay in the cache.
struct CodedPass<Format: NumberFormat>: ForwardPass {
  let configuration: ModelConfiguration
  let weights: CodedWeights<Format>
  let format: Format
  let floatKernels: ck_kernels
  let workspace: CodedWorkspace<Format>
  let member: TeamMember
  let clock: StageClock

  /// The pass once for each thread of a lane.
  static func team(
    of threads: Int, _ configuration: ModelConfiguration, weights: CodedWeights<Format>, format: Format, floatKernels: ck_kernels,
    maximumTokens: Int, longestSequence: Int
  ) throws(ModelError) -> [CodedPass] {
    let rows = max(min(maximumTokens, Self.sliceRows), longestSequence)
    let workspaces = try CodedWorkspace<Format>.team(of: threads, configuration, rows: rows, longestSequence: longestSequence)
    return zip(workspaces, TeamMember.team(of: threads)).map { workspace, member in
      CodedPass(
        configuration: configuration, weights: weights, format: format, floatKernels: floatKernels, workspace: workspace,
        member: member, clock: StageClock())
    }
  }

  var rows: Int { workspace.rows }
  var workspaceBytes: Int { workspace.memory.bytes }

  func rows(of length: Int) -> Int { length }

  func run(_ slice: Slice) {
    clock.start()
    let rows = RowDivision(configuration).rows(of: member, lengths: slice.lengths)
    slice.forEachPart(in: rows) { part in embed(slice, part) }
    clock.lap(.embedding)
    if let first = weights.layers.first {
      forEachTile(of: rows) { row, count in project(first.attentionInput, row: row, count: count) }
    }
    for index in weights.layers.indices {
      member.meet()
      slice.forEachPart(in: rows) { part in attend(part) }
      clock.lap(.attention)
      member.arrive()
      forEachTile(of: rows) { row, count in
        let next = index + 1 < weights.layers.count ? weights.layers[index + 1].attentionInput : nil
        finishLayer(weights.layers[index].rest, row: row, count: count, for: next)
        if let next {
          // Others may still be reading the keys and values whose place the next layer's take.
          member.wait()
          project(next, row: row, count: count)
        }
      }
    }
    clock.lap(.head) { runHead(slice) }
  }

  /// Calls `body` with tiles of about the same height.
  private func forEachTile(of rows: Range<Int>, _ body: (_ row: Int, _ count: Int) -> Void) {
    let tiles = (rows.count + Format.tileRows - 1) / Format.tileRows
    for tile in 0..<tiles {
      let start = rows.lowerBound + rows.count * tile / tiles
      body(start, rows.lowerBound + rows.count * (tile + 1) / tiles - start)
    }
  }

  private func embed(_ slice: Slice, _ part: Slice.Part) {
    let d = configuration.dimension
    let first = part.tokens.lowerBound
    let row = part.row + first
    format.embed(
      slice.ids + part.token + first, count: part.tokens.count, words: weights.words, vocabulary: configuration.vocabularySize,
      positions: weights.positions + first * d, norm: weights.embeddingNorm, dimension: d,
      for: weights.layers.first?.attentionInput, into: workspace.hidden + row * d, workspace.coded[from: row])
  }

  /// Queries, keys and values of a tile.
  private func project(_ layer: Format.Linear, row: Int, count: Int) {
    format.project(
      workspace.coded[from: row], rows: count, by: layer, configuration: configuration, into: workspace.heads, at: row,
      floats: workspace.floats, clock: clock)
  }

  /// The context of some tokens of a sequence, as codes.
  private func attend(_ part: Slice.Part) {
    format.attend(
      workspace.heads, row: part.row, length: part.length, queries: part.tokens, configuration: configuration,
      into: workspace.coded[from: part.row], scratch: workspace.attention)
  }

  /// hidden = LayerNorm(hidden + W_o·context), then hidden = LayerNorm(hidden + lin2(activation(lin1(hidden)))), for a tile,
  /// which is then coded for the layer that reads it next.
  private func finishLayer(
    _ layer: CodedAfterAttention<Format.Linear>, row: Int, count: Int, for next: Format.Linear?
  ) {
    let d = configuration.dimension
    let states = workspace.hidden + row * d
    let coded = workspace.coded[from: row]
    format.multiply(coded, rows: count, by: layer.attentionOutput, into: states, ldy: d, accumulate: true)
    clock.lap(.attentionOutput)
    format.normalise(states, rows: count, dimension: d, norm: layer.attentionNorm, for: layer.feedForwardIn, into: coded)
    clock.lap(.norm)
    let block = Format.feedForwardBlock(configuration)
    for (index, out) in layer.feedForwardOut.enumerated() {
      format.expand(
        coded, rows: count, by: layer.feedForwardIn, outputs: index * block..<index * block + out.inputs,
        activation: configuration.activation, into: workspace.inner, floats: workspace.floats, clock: clock)
      format.multiply(workspace.inner, rows: count, by: out, into: states, ldy: d, accumulate: true)
      clock.lap(.feedForwardOut)
    }
    format.normalise(states, rows: count, dimension: d, norm: layer.outputNorm, for: next, into: coded)
    clock.lap(.norm)
  }
}
