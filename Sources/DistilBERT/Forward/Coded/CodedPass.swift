import CKernels

/// The forward pass at int8 or bf16: every product of a linear layer and of attention in that format, nothing through OpenBLAS.
/// At int8 it gives the same bits on every kernel path.
///
/// Attention runs per sequence. Between it and the next layer's attention each token is alone, so that a tile of rows goes through
/// all of that at a time and its activations stay in the cache. What the threads of a lane share is each tile.
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

  // Called through `any ForwardPass`: without these the generic body would run, which allocates. (From Swift 6.3 on: @specialized.)
  @_specialize(where Format == Int8Format)
  @_specialize(where Format == BF16Format)
  func run(_ slice: Slice) {
    clock.start()
    let rows = RowDivision().rows(of: member, lengths: slice.lengths)
    slice.forEachPart(in: rows) { part in embed(slice, part) }
    clock.lap(.embedding)
    member.meet()
    if let first = weights.layers.first {
      forEachTile(of: slice) { row, count in project(first.attentionInput, row: row, count: count) }
    }
    for index in weights.layers.indices {
      member.meet()
      slice.forEachPart(in: rows) { part in attend(part) }
      clock.lap(.attention)
      member.meet()
      forEachTile(of: slice) { row, count in
        let next = index + 1 < weights.layers.count ? weights.layers[index + 1].attentionInput : nil
        finishLayer(weights.layers[index].rest, row: row, count: count, for: next)
        if let next {
          member.meet()
          project(next, row: row, count: count)
        }
      }
    }
    clock.lap(.head) { runHead(slice) }
  }

  /// Calls `body` with tiles of about the same height.
  private func forEachTile(of slice: Slice, _ body: (_ row: Int, _ count: Int) -> Void) {
    let rows = slice.lengths.reduce(0, +)
    let tiles = (rows + workspace.tileRows - 1) / workspace.tileRows
    for tile in 0..<tiles {
      let start = rows * tile / tiles
      body(start, rows * (tile + 1) / tiles - start)
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

  /// This thread's part of a tile's queries, keys and values.
  private func project(_ layer: Format.Linear, row: Int, count: Int) {
    // Products are for whole panels of channels, which narrow heads share.
    let unit = 16 >> min(configuration.headDimension.trailingZeroBitCount, 4)
    format.project(
      workspace.coded[from: row], rows: count, by: layer, configuration: configuration, into: workspace.heads, at: row,
      part: member.share(of: 3 * configuration.heads, unit: unit), floats: workspace.floats, clock: clock)
  }

  /// The context of some tokens of a sequence, as codes.
  private func attend(_ part: Slice.Part) {
    format.attend(
      workspace.heads, row: part.row, length: part.length, queries: part.tokens, configuration: configuration,
      into: workspace.coded[from: part.row], scratch: workspace.attention)
  }

  /// hidden = LayerNorm(hidden + W_o·context), then hidden = LayerNorm(hidden + lin2(activation(lin1(hidden)))), for a tile,
  /// which is then coded for the layer that reads it next.
  ///
  /// Each thread has some columns of each product, so that all of them together read the weights once, and some rows of each
  /// norm; of the inner channels it has a block at a time. They meet before each step that reads what all have written.
  private func finishLayer(
    _ layer: CodedAfterAttention<Format.Linear>, row: Int, count: Int, for next: Format.Linear?
  ) {
    let coded = workspace.coded[from: row]
    add(coded, by: layer.attentionOutput, row: row, count: count)
    clock.lap(.attentionOutput)
    member.meet()
    normalise(row: row, count: count, norm: layer.attentionNorm, for: layer.feedForwardIn)
    let blocks = layer.feedForwardOut
    let width = Format.feedForwardBlock(configuration)
    for first in stride(from: 0, to: blocks.count, by: member.count) {
      member.meet()
      let own = first + member.index
      if own < blocks.count {
        format.expand(
          coded, rows: count, by: layer.feedForwardIn, outputs: own * width..<own * width + blocks[own].inputs,
          activation: configuration.activation, into: inner(of: member.index), floats: workspace.floats, clock: clock)
      }
      member.meet()
      for index in first..<min(first + member.count, blocks.count) {
        add(inner(of: index - first), by: blocks[index], row: row, count: count)
      }
      clock.lap(.feedForwardOut)
    }
    member.meet()
    normalise(row: row, count: count, norm: layer.outputNorm, for: next)
  }

  /// The block of a tile that a thread has.
  private func inner(of member: Int) -> Format.Rows { workspace.inner[from: member * workspace.tileRows] }

  /// Adds x·wᵀ + bias to this thread's columns of a tile's states.
  private func add(_ x: Format.Rows, by linear: Format.Linear, row: Int, count: Int) {
    let d = configuration.dimension
    let columns = member.share(of: d, unit: 16)
    format.multiply(
      x, rows: count, by: linear, outputs: columns, into: workspace.hidden + row * d + columns.lowerBound, ldy: d,
      accumulate: true)
  }

  /// The layer norm of this thread's rows of a tile.
  private func normalise(row: Int, count: Int, norm: LayerNorm, for next: Format.Linear?) {
    let d = configuration.dimension
    let share = member.share(of: count)
    let first = row + share.lowerBound
    format.normalise(
      workspace.hidden + first * d, rows: share.count, dimension: d, norm: norm, for: next, into: workspace.coded[from: first])
    clock.lap(.norm)
  }
}
