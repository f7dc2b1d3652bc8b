import CKernels

/// The forward pass at int8: every product of a linear layer and of attention in integers, nothing through OpenBLAS, the same
/// bits on every kernel path.
///
/// Attention runs per sequence. Between it and the next layer's attention each token is alone, so that a tile of a thread's rows
/// goes through all of that at a time and its activations stay in the cache.
struct Int8Pass: ForwardPass {
  let configuration: ModelConfiguration
  let weights: Int8Weights
  let kernels: ck_i8_kernels
  let floatKernels: ck_kernels
  let workspace: Int8Workspace
  let member: TeamMember
  let clock: StageClock

  /// The pass once for each thread of a lane.
  static func team(
    of threads: Int, _ configuration: ModelConfiguration, weights: Int8Weights, kernels path: KernelPath, maximumTokens: Int,
    longestSequence: Int
  ) throws(ModelError) -> [Int8Pass] {
    let rows = max(min(maximumTokens, Self.sliceRows), longestSequence)
    let workspaces = try Int8Workspace.team(of: threads, configuration, rows: rows, longestSequence: longestSequence)
    return zip(workspaces, TeamMember.team(of: threads)).map { workspace, member in
      Int8Pass(
        configuration: configuration, weights: weights, kernels: path.int8Kernels, floatKernels: path.kernels,
        workspace: workspace, member: member, clock: StageClock())
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
    let tiles = (rows.count + Int8Workspace.tileRows - 1) / Int8Workspace.tileRows
    for tile in 0..<tiles {
      let start = rows.lowerBound + rows.count * tile / tiles
      body(start, rows.lowerBound + rows.count * (tile + 1) / tiles - start)
    }
  }

  private func embed(_ slice: Slice, _ part: Slice.Part) {
    let d = configuration.dimension
    let norm = weights.embeddingNorm
    let first = part.tokens.lowerBound
    let row = part.row + first
    let coded = workspace.coded[from: row]
    // All ids are in the vocabulary.
    _ = kernels.embed(
      slice.ids + part.token + first, part.tokens.count, d, weights.words, weights.wordScales, configuration.vocabularySize,
      weights.positions + first * d, norm.gamma, norm.beta, LayerNorm.epsilon, weights.layers.first?.attentionInput.factors,
      workspace.hidden + row * d, coded.codes, coded.stride, coded.scales, coded.zeros)
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

  /// The context of some tokens of a sequence, as codes.
  private func attend(_ part: Slice.Part) {
    let context = workspace.coded[from: part.row]
    withUnsafePointer(to: workspace.heads) {
      kernels.attention(
        $0, part.row, part.length, configuration.heads, configuration.headDimension, part.tokens.lowerBound, part.tokens.count,
        context.codes, context.stride, context.scales, context.zeros, workspace.attention)
    }
  }

  /// hidden = LayerNorm(hidden + W_o·context), then hidden = LayerNorm(hidden + lin2(activation(lin1(hidden)))), for a tile,
  /// which is then coded for the layer that reads it next.
  private func finishLayer(_ layer: Int8AfterAttentionWeights, row: Int, count: Int, for next: Int8Linear?) {
    let states = workspace.hidden + row * configuration.dimension
    let coded = workspace.coded[from: row]
    let inner = workspace.wide
    multiply(coded, rows: count, by: layer.attentionOutput, into: states, accumulate: true)
    clock.lap(.attentionOutput)
    normalise(states, rows: count, norm: layer.attentionNorm, for: layer.feedForwardIn, into: coded)
    clock.lap(.norm)
    let block = configuration.feedForwardBlock
    for (index, out) in layer.feedForwardOut.enumerated() {
      let outputs = index * block..<index * block + out.inputs
      multiply(coded, rows: count, by: layer.feedForwardIn, outputs: outputs, into: inner)
      clock.lap(.feedForwardIn)
      activate(inner, rows: count, columns: out.inputs, into: workspace.wideCoded)
      clock.lap(.activation)
      multiply(workspace.wideCoded, rows: count, by: out, into: states, accumulate: true)
      clock.lap(.feedForwardOut)
    }
    normalise(states, rows: count, norm: layer.outputNorm, for: next, into: coded)
    clock.lap(.norm)
  }

  // MARK: Kernels

  /// y = x·wᵀ + bias, or y += x·wᵀ + bias, for all outputs or some. y: (rows, outputs), rows `ldy` floats apart, or contiguous.
  func multiply(
    _ x: CodedRows, rows: Int, by linear: Int8Linear, outputs: Range<Int>? = nil, into y: UnsafeMutablePointer<Float>,
    ldy: Int? = nil, accumulate: Bool = false
  ) {
    let outputs = outputs ?? 0..<linear.outputs
    let ldy = ldy ?? outputs.count
    kernels.product(
      x.codes, x.stride, x.scales, x.zeros, rows, linear.weights, outputs.lowerBound, outputs.count,
      accumulate ? UnsafePointer(y) : nil, ldy, y,
      ldy)
  }

  /// Layer norm in place, and the codes that `next` reads.
  func normalise(
    _ x: UnsafeMutablePointer<Float>, rows: Int, norm: LayerNorm, for next: Int8Linear?, into coded: CodedRows
  ) {
    kernels.norm(
      x, rows, configuration.dimension, norm.gamma, norm.beta, LayerNorm.epsilon, next?.factors, coded.codes, coded.stride,
      coded.scales,
      coded.zeros)
  }

  func activate(_ x: UnsafeMutablePointer<Float>, rows: Int, columns: Int, into coded: CodedRows) {
    switch configuration.activation {
    case .gelu: kernels.gelu(x, rows, columns, coded.codes, coded.stride, coded.scales, coded.zeros)
    case .relu: kernels.relu(x, rows, columns, coded.codes, coded.stride, coded.scales, coded.zeros)
    }
  }
}
