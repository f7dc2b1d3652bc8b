import CKernels

/// The last transformer layer and the classification head at int8 or bf16, for the first token of each sequence; see `ClassifierHead`
/// for how keys and values are absorbed, and how the work is dealt to threads. Their weights are in that format; scores, softmax and the
/// mean states are f32, as they are few.
extension CodedPass {
  /// Writes (sequences, labels) logits for the states in `workspace.hidden`.
  func runHead(_ slice: Slice) {
    let lengths = slice.lengths
    var row = 0
    for start in stride(from: 0, to: lengths.count, by: CodedWorkspace<Format>.headSequences) {
      let end = min(start + CodedWorkspace<Format>.headSequences, lengths.count)
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
  private func attend(_ layer: CodedLastLayer<Format.Linear>, lengths: UnsafeBufferPointer<Int>, fromRow start: Int) {
    let d = configuration.dimension
    let headDimension = configuration.headDimension
    let sequences = lengths.count
    let space = workspace.head
    // Products are for whole panels of channels, which narrow heads share.
    let heads = member.share(of: configuration.heads, unit: 16 >> min(headDimension.trailingZeroBitCount, 4))
    let columns = heads.lowerBound * headDimension..<heads.upperBound * headDimension
    format.encode(space.first, ldx: d, rows: sequences, columns: d, for: layer.query, into: space.coded)
    format.multiply(
      space.coded, rows: sequences, by: layer.query, outputs: columns, into: space.query + columns.lowerBound, ldy: d)
    for head in heads {
      let keys = layer.keys[head]
      format.encode(
        space.query + head * headDimension, ldx: d, rows: sequences, columns: headDimension, for: keys, into: space.coded)
      format.multiply(space.coded, rows: sequences, by: keys, into: space.absorbed + head * d, ldy: configuration.heads * d)
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
      let values = layer.values[head]
      format.encode(
        space.absorbed + head * d, ldx: configuration.heads * d, rows: sequences, columns: d, for: values, into: space.coded)
      format.multiply(space.coded, rows: sequences, by: values, into: space.query + head * headDimension, ldy: d)
    }
    member.meet()
    format.encode(space.query, ldx: d, rows: sequences, columns: d, for: layer.rest.attentionOutput, into: space.coded)
    addToFirst(sequences: sequences) { columns, sums in
      format.multiply(
        space.coded, rows: sequences, by: layer.rest.attentionOutput, outputs: columns, into: sums, ldy: d, accumulate: true)
    }
    format.normalise(
      space.first, rows: sequences, dimension: d, norm: layer.rest.attentionNorm, for: layer.rest.feedForwardIn, into: space.coded
    )
  }

  /// first = LayerNorm(first + lin2(activation(lin1(first))))
  private func feedForward(_ layer: CodedAfterAttention<Format.Linear>, sequences: Int) {
    let d = configuration.dimension
    let space = workspace.head
    let block = Format.feedForwardBlock(configuration)
    for index in member.share(of: layer.feedForwardOut.count) {
      format.expand(
        space.coded, rows: sequences, by: layer.feedForwardIn,
        outputs: index * block..<index * block + layer.feedForwardOut[index].inputs, activation: configuration.activation,
        into: space.inner[from: index * CodedWorkspace<Format>.headSequences], floats: space.floats, clock: clock)
    }
    member.meet()
    addToFirst(sequences: sequences) { columns, sums in
      for (index, out) in layer.feedForwardOut.enumerated() {
        format.multiply(
          space.inner[from: index * CodedWorkspace<Format>.headSequences], rows: sequences, by: out, outputs: columns, into: sums,
          ldy: d, accumulate: true)
      }
    }
    format.normalise(space.first, rows: sequences, dimension: d, norm: layer.outputNorm, for: nil, into: space.coded)
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
}
