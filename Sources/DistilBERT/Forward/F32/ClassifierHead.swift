import CKernels

/// The last transformer layer and the classification head, for the first token of each sequence: all that the logits read.
///
/// With one query per sequence and head, the key and value projections of all tokens are absorbed. For head j with the
/// query q_j = W_Q,j·x_0 + b_Q,j, the score of token i is
///
///     q_j · (W_K,j·x_i + b_K,j) = (W_K,jᵀ·q_j) · x_i + constant,
///
/// and the constant cancels in the softmax. The context is Σ_i p_i·(W_V,j·x_i + b_V,j) = W_V,j·(Σ_i p_i·x_i) + b_V,j.
/// So two products per token and head with vectors of width dim replace two projections of dim × dim per token.
struct ClassifierHead {
  let encoder: Encoder
  private var configuration: ModelConfiguration { encoder.configuration }
  private var workspace: Workspace { encoder.workspace }
  private var kernels: ck_kernels { encoder.kernels }

  /// Writes (sequences, labels) logits for the states in `workspace.hidden`.
  func run(lengths: UnsafeBufferPointer<Int>, logits: UnsafeMutablePointer<Float>) {
    var row = 0
    for start in stride(from: 0, to: lengths.count, by: Workspace.headSequences) {
      let end = min(start + Workspace.headSequences, lengths.count)
      let group = UnsafeBufferPointer(rebasing: lengths[start..<end])
      gather(group, fromRow: row)
      if let last = encoder.weights.last {
        attend(last, lengths: group, fromRow: row)
        feedForward(last, sequences: group.count)
      }
      classify(sequences: group.count, logits: logits + start * configuration.labels.count)
      for length in group { row += Encoder.rows(of: length) }
    }
  }

  /// Copies the first tokens' states together.
  private func gather(_ lengths: UnsafeBufferPointer<Int>, fromRow start: Int) {
    let d = configuration.dimension
    var row = start
    for (index, length) in lengths.enumerated() {
      (workspace.first + index * d).update(from: workspace.hidden + row * d, count: d)
      row += Encoder.rows(of: length)
    }
  }

  /// first = LayerNorm(first + attention)
  private func attend(_ layer: LastLayerWeights, lengths: UnsafeBufferPointer<Int>, fromRow start: Int) {
    let d = configuration.dimension
    let heads = configuration.heads
    let headDimension = configuration.headDimension
    let sequences = lengths.count
    apply(layer.query, to: workspace.first, ldx: d, rows: sequences, into: workspace.query)
    for head in 0..<heads {
      let column = head * headDimension
      kernels.product(
        workspace.query + column, d, sequences, layer.key + column * d, d, headDimension, d, workspace.absorbed + head * d,
        heads * d)
    }
    var row = start
    for (index, length) in lengths.enumerated() {
      let absorbed = workspace.absorbed + index * heads * d
      let states = workspace.hidden + row * d
      kernels.linear(absorbed, d, heads, states, d, length, d, nil, false, workspace.scores, length)
      kernels.softmax(workspace.scores, length, heads, length)
      // The mean states take the absorbed queries' place.
      kernels.product(workspace.scores, length, heads, states, d, length, d, absorbed, d)
      row += Encoder.rows(of: length)
    }
    for head in 0..<heads {
      let column = head * headDimension
      kernels.linear(
        workspace.absorbed + head * d, heads * d, sequences, layer.value.weights + column * d, d, headDimension, d,
        layer.value.bias + column, false, workspace.query + column, d)
    }
    layer.attentionOutput.multiply(
      workspace.query, ldx: d, rows: sequences, into: workspace.first, accumulate: true, kernels: kernels)
    encoder.normalise(workspace.first, rows: sequences, bias: layer.attentionOutput.bias, norm: layer.attentionNorm)
  }

  /// first = LayerNorm(first + lin2(activation(lin1(first))))
  private func feedForward(_ layer: LastLayerWeights, sequences: Int) {
    let d = configuration.dimension
    let h = configuration.hiddenDimension
    layer.feedForwardIn.multiply(
      workspace.first, ldx: d, rows: sequences, into: workspace.inner, accumulate: false, kernels: kernels)
    encoder.activate(workspace.inner, rows: sequences, columns: h, bias: layer.feedForwardIn.bias)
    layer.feedForwardOut.multiply(
      workspace.inner, ldx: h, rows: sequences, into: workspace.first, accumulate: true, kernels: kernels)
    encoder.normalise(workspace.first, rows: sequences, bias: layer.feedForwardOut.bias, norm: layer.outputNorm)
  }

  /// logits = classifier(max(pre_classifier(first), 0))
  private func classify(sequences: Int, logits: UnsafeMutablePointer<Float>) {
    let weights = encoder.weights
    let d = configuration.dimension
    weights.preClassifier.multiply(
      workspace.first, ldx: d, rows: sequences, into: workspace.projected, accumulate: false, kernels: kernels)
    kernels.bias_relu(workspace.projected, sequences, d, weights.preClassifier.bias)
    apply(weights.classifier, to: workspace.projected, ldx: d, rows: sequences, into: logits)
  }

  /// y = x·wᵀ + bias, for weights in rows form.
  private func apply(
    _ linear: Linear, to x: UnsafePointer<Float>, ldx: Int, rows: Int, into y: UnsafeMutablePointer<Float>
  ) {
    kernels.linear(
      x, ldx, rows, linear.weights, linear.inputs, linear.outputs, linear.inputs, linear.bias, false, y, linear.outputs)
  }
}
