import CKernels

/// The last transformer layer and the classification head at int8 or bf16, for the first token of each sequence; see `ClassifierHead`
/// for how keys and values are absorbed. Their weights are in that format; scores, softmax and the mean states are f32, as they are few.
extension CodedPass {
  /// Writes (sequences, labels) logits for the states in `workspace.hidden`.
  func runHead(lengths: UnsafeBufferPointer<Int>, logits: UnsafeMutablePointer<Float>) {
    var row = 0
    for start in stride(from: 0, to: lengths.count, by: CodedWorkspace<Format>.headSequences) {
      let end = min(start + CodedWorkspace<Format>.headSequences, lengths.count)
      let group = UnsafeBufferPointer(rebasing: lengths[start..<end])
      gather(group, fromRow: row)
      if let last = weights.last {
        attend(last, lengths: group, fromRow: row)
        finishLayer(
          last.rest, states: workspace.head.first, coded: workspace.head.coded, rows: group.count,
          inner: workspace.head.inner, floats: workspace.head.floats, for: nil)
      }
      classify(sequences: group.count, logits: logits + start * configuration.labels.count)
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

  /// The context of the first tokens, as codes.
  private func attend(_ layer: CodedLastLayer<Format.Linear>, lengths: UnsafeBufferPointer<Int>, fromRow start: Int) {
    let d = configuration.dimension
    let heads = configuration.heads
    let headDimension = configuration.headDimension
    let sequences = lengths.count
    let space = workspace.head
    format.encode(space.first, ldx: d, rows: sequences, columns: d, for: layer.query, into: space.coded)
    format.multiply(space.coded, rows: sequences, by: layer.query, into: space.query, ldy: d, accumulate: false)
    for head in 0..<heads {
      let keys = layer.keys[head]
      format.encode(
        space.query + head * headDimension, ldx: d, rows: sequences, columns: headDimension, for: keys, into: space.coded)
      format.multiply(
        space.coded, rows: sequences, by: keys, into: space.absorbed + head * d, ldy: heads * d, accumulate: false)
    }
    var row = start
    for (index, length) in lengths.enumerated() {
      let absorbed = space.absorbed + index * heads * d
      let states = workspace.hidden + row * d
      floatKernels.linear(absorbed, d, heads, states, d, length, d, nil, false, space.scores, length)
      floatKernels.softmax(space.scores, length, heads, length)
      // The mean states take the absorbed queries' place.
      floatKernels.product(space.scores, length, heads, states, d, length, d, absorbed, d)
      row += length
    }
    for head in 0..<heads {
      let values = layer.values[head]
      format.encode(
        space.absorbed + head * d, ldx: heads * d, rows: sequences, columns: d, for: values, into: space.coded)
      format.multiply(
        space.coded, rows: sequences, by: values, into: space.query + head * headDimension, ldy: d, accumulate: false)
    }
    format.encode(space.query, ldx: d, rows: sequences, columns: d, for: layer.rest.attentionOutput, into: space.coded)
  }

  /// logits = classifier(max(pre_classifier(first), 0)), all f32.
  private func classify(sequences: Int, logits: UnsafeMutablePointer<Float>) {
    let d = configuration.dimension
    let space = workspace.head
    let hidden = weights.preClassifier
    let labels = weights.classifier
    floatKernels.linear(space.first, d, sequences, hidden.weights, d, d, d, nil, false, space.projected, d)
    floatKernels.bias_relu(space.projected, sequences, d, hidden.bias)
    floatKernels.linear(
      space.projected, d, sequences, labels.weights, d, labels.outputs, d, labels.bias, false, logits, labels.outputs)
  }
}
