import CKernels

/// The last transformer layer and the classification head at int8, for the first token of each sequence; see `ClassifierHead`
/// for how keys and values are absorbed. Their weights are 8-bit; scores, softmax and the mean states are f32, as they are few.
extension Int8Pass {
  /// Writes (sequences, labels) logits for the states in `workspace.hidden`.
  func runHead(lengths: UnsafeBufferPointer<Int>, logits: UnsafeMutablePointer<Float>) {
    var row = 0
    for start in stride(from: 0, to: lengths.count, by: Int8Workspace.headSequences) {
      let end = min(start + Int8Workspace.headSequences, lengths.count)
      let group = UnsafeBufferPointer(rebasing: lengths[start..<end])
      gather(group, fromRow: row)
      if let last = weights.last {
        attend(last, lengths: group, fromRow: row)
        finishLayer(
          last.rest, states: workspace.head.first, coded: workspace.head.coded, rows: group.count,
          inner: workspace.head.inner, innerCoded: workspace.head.innerCoded, for: nil)
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
  private func attend(_ layer: Int8LastLayerWeights, lengths: UnsafeBufferPointer<Int>, fromRow start: Int) {
    let d = configuration.dimension
    let heads = configuration.heads
    let headDimension = configuration.headDimension
    let sequences = lengths.count
    let space = workspace.head
    encode(space.first, ldx: d, rows: sequences, columns: d, factors: layer.query.factors, into: space.coded)
    multiply(space.coded, rows: sequences, by: layer.query, into: space.query)
    for head in 0..<heads {
      encode(space.query + head * headDimension, ldx: d, rows: sequences, columns: headDimension, into: space.coded)
      multiply(space.coded, rows: sequences, by: layer.keys[head], into: space.absorbed + head * d, ldy: heads * d)
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
      encode(space.absorbed + head * d, ldx: heads * d, rows: sequences, columns: d, into: space.coded)
      multiply(space.coded, rows: sequences, by: layer.values[head], into: space.query + head * headDimension, ldy: d)
    }
    encode(space.query, ldx: d, rows: sequences, columns: d, into: space.coded)
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

  private func encode(
    _ x: UnsafePointer<Float>, ldx: Int, rows: Int, columns: Int, factors: UnsafePointer<Float>? = nil, into coded: CodedRows
  ) {
    kernels.encode(x, ldx, rows, columns, factors, coded.codes, coded.stride, coded.scales, coded.zeros)
  }
}
