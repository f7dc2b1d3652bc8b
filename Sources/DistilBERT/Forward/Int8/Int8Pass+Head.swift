import CKernels

/// The last transformer layer and the classification head at int8, for the first token of each sequence; see `ClassifierHead`
/// for how keys and values are absorbed, and how the work is dealt to threads. Their weights are 8-bit; scores, softmax and the
/// mean states are f32, as they are few.
extension Int8Pass {
  /// Writes (sequences, labels) logits for the states in `workspace.hidden`.
  func runHead(_ slice: Slice) {
    let lengths = slice.lengths
    var row = 0
    for start in stride(from: 0, to: lengths.count, by: Int8Workspace.headSequences) {
      let end = min(start + Int8Workspace.headSequences, lengths.count)
      let group = UnsafeBufferPointer(rebasing: lengths[start..<end])
      // The states of all rows are there, and what the last group left is read.
      member.meet()
      gather(group, fromRow: row)
      if let last = weights.last {
        attend(last, lengths: group, fromRow: row)
        feedForward(last.rest, sequences: group.count)
      }
      classify(sequences: group.count, logits: slice.logits + start * configuration.labels.count)
      for length in group { row += length }
    }
  }

  /// Copies the first tokens' states together.
  private func gather(_ lengths: UnsafeBufferPointer<Int>, fromRow start: Int) {
    let d = configuration.dimension
    var row = start
    for (index, length) in lengths.enumerated() {
      (workspace.head.first + index * d).update(from: workspace.hidden + row * d, count: d)
      row += length
    }
  }

  /// first = LayerNorm(first + attention), and its codes
  private func attend(_ layer: Int8LastLayerWeights, lengths: UnsafeBufferPointer<Int>, fromRow start: Int) {
    let d = configuration.dimension
    let headDimension = configuration.headDimension
    let sequences = lengths.count
    let space = workspace.head
    // Products are for whole panels of channels, which narrow heads share.
    let heads = member.share(of: configuration.heads, unit: 16 >> min(headDimension.trailingZeroBitCount, 4))
    let columns = heads.lowerBound * headDimension..<heads.upperBound * headDimension
    encode(space.first, ldx: d, rows: sequences, columns: d, factors: layer.query.factors, into: space.coded)
    multiply(space.coded, rows: sequences, by: layer.query, outputs: columns, into: space.query + columns.lowerBound, ldy: d)
    for head in heads {
      encode(space.query + head * headDimension, ldx: d, rows: sequences, columns: headDimension, into: space.coded)
      multiply(
        space.coded, rows: sequences, by: layer.keys[head], into: space.absorbed + head * d, ldy: configuration.heads * d)
    }
    var row = start
    for (index, length) in lengths.enumerated() {
      let absorbed = space.absorbed + (index * configuration.heads + heads.lowerBound) * d
      let scores = space.scores + heads.lowerBound * workspace.longestSequence
      let states = workspace.hidden + row * d
      floatKernels.linear(absorbed, d, heads.count, states, d, length, d, nil, false, scores, length)
      floatKernels.softmax(scores, length, heads.count, length)
      // The mean states take the absorbed queries' place.
      floatKernels.product(scores, length, heads.count, states, d, length, d, absorbed, d)
      row += length
    }
    for head in heads {
      encode(
        space.absorbed + head * d, ldx: configuration.heads * d, rows: sequences, columns: d, into: space.coded)
      multiply(space.coded, rows: sequences, by: layer.values[head], into: space.query + head * headDimension, ldy: d)
    }
    member.meet()
    encode(space.query, ldx: d, rows: sequences, columns: d, into: space.coded)
    addToFirst(sequences: sequences) { columns, sums in
      multiply(
        space.coded, rows: sequences, by: layer.rest.attentionOutput, outputs: columns, into: sums, ldy: d, accumulate: true)
    }
    normalise(
      space.first, rows: sequences, norm: layer.rest.attentionNorm, for: layer.rest.feedForwardIn, into: space.coded)
  }

  /// first = LayerNorm(first + lin2(activation(lin1(first))))
  private func feedForward(_ layer: Int8AfterAttentionWeights, sequences: Int) {
    let d = configuration.dimension
    let space = workspace.head
    let block = configuration.feedForwardBlock
    for index in member.share(of: layer.feedForwardOut.count) {
      let count = layer.feedForwardOut[index].inputs
      multiply(
        space.coded, rows: sequences, by: layer.feedForwardIn, outputs: index * block..<index * block + count, into: space.inner)
      activate(
        space.inner, rows: sequences, columns: count, into: space.innerCoded[from: index * Int8Workspace.headSequences])
    }
    member.meet()
    addToFirst(sequences: sequences) { columns, sums in
      for (index, out) in layer.feedForwardOut.enumerated() {
        multiply(
          space.innerCoded[from: index * Int8Workspace.headSequences], rows: sequences, by: out, outputs: columns, into: sums,
          ldy: d, accumulate: true)
      }
    }
    normalise(space.first, rows: sequences, norm: layer.outputNorm, for: nil, into: space.coded)
  }

  /// Has `add` add to some columns of first, (sequences, dim), on each thread, and gives all of them the whole.
  private func addToFirst(
    sequences: Int, _ add: (_ columns: Range<Int>, _ sums: UnsafeMutablePointer<Float>) -> Void
  ) {
    let d = configuration.dimension
    let space = workspace.head
    let columns = member.share(of: d, unit: 16)
    for row in 0..<sequences {
      let start = row * d + columns.lowerBound
      (space.sums + start).update(from: space.first + start, count: columns.count)
    }
    if !columns.isEmpty { add(columns, space.sums + columns.lowerBound) }
    member.meet()
    space.first.update(from: space.sums, count: sequences * d)
  }

  /// logits = classifier(max(pre_classifier(first), 0)), all f32.
  private func classify(sequences: Int, logits: UnsafeMutablePointer<Float>) {
    let d = configuration.dimension
    let space = workspace.head
    let hidden = weights.preClassifier
    let labels = weights.classifier
    let columns = member.share(of: d, unit: 16)
    let projected = space.projected + columns.lowerBound
    floatKernels.linear(
      space.first, d, sequences, hidden.weights + columns.lowerBound * d, d, columns.count, d, nil, false, projected, d)
    for row in 0..<sequences {
      floatKernels.bias_relu(projected + row * d, 1, columns.count, hidden.bias + columns.lowerBound)
    }
    member.meet()
    guard member.index == 0 else { return }
    floatKernels.linear(
      space.projected, d, sequences, labels.weights, d, labels.outputs, d, labels.bias, false, logits, labels.outputs)
  }

  private func encode(
    _ x: UnsafePointer<Float>, ldx: Int, rows: Int, columns: Int, factors: UnsafePointer<Float>? = nil, into coded: CodedRows
  ) {
    kernels.encode(x, ldx, rows, columns, factors, coded.codes, coded.stride, coded.scales, coded.zeros)
  }
}
