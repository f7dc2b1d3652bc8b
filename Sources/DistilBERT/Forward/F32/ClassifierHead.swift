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
///
/// What takes time is reading the weights. So each thread of the lane has some heads, and some columns of each product, for all
/// sequences. Whole rows are needed between: they meet, and each makes its own copy of the few rows and their layer norms.
struct ClassifierHead {
  let encoder: Encoder
  private var configuration: ModelConfiguration { encoder.configuration }
  private var workspace: Workspace { encoder.workspace }
  private var kernels: ck_kernels { encoder.kernels }
  private var member: TeamMember { encoder.member }

  /// Writes (sequences, labels) logits for the states in `workspace.hidden`.
  func run(_ slice: Slice) {
    let lengths = slice.lengths
    var row = 0
    for start in stride(from: 0, to: lengths.count, by: Workspace.headSequences) {
      let end = min(start + Workspace.headSequences, lengths.count)
      let group = UnsafeBufferPointer(rebasing: lengths[start..<end])
      // The states of all rows are there, and what the last group left is read.
      member.meet()
      gather(group, fromRow: row)
      if let last = encoder.weights.last {
        attend(last, lengths: group, fromRow: row)
        feedForward(last, sequences: group.count)
      }
      classify(sequences: group.count, logits: slice.logits + start * configuration.labels.count)
      for length in group { row += encoder.layout.rows(of: length) }
    }
  }

  /// Copies the first tokens' states together.
  private func gather(_ lengths: UnsafeBufferPointer<Int>, fromRow start: Int) {
    let d = configuration.dimension
    var row = start
    for (index, length) in lengths.enumerated() {
      (workspace.first + index * d).update(from: workspace.hidden + row * d, count: d)
      row += encoder.layout.rows(of: length)
    }
  }

  /// first = LayerNorm(first + attention)
  private func attend(_ layer: LastLayerWeights, lengths: UnsafeBufferPointer<Int>, fromRow start: Int) {
    let d = configuration.dimension
    let headDimension = configuration.headDimension
    let sequences = lengths.count
    let heads = member.share(of: configuration.heads)
    let columns = heads.lowerBound * headDimension..<heads.upperBound * headDimension
    multiply(
      workspace.first, ldx: d, rows: sequences, by: layer.query, outputs: columns, bias: layer.query.bias, into: workspace.query)
    for head in heads {
      let column = head * headDimension
      kernels.product(
        workspace.query + column, d, sequences, layer.key + column * d, d, headDimension, d, workspace.absorbed + head * d,
        configuration.heads * d)
    }
    var row = start
    for (index, length) in lengths.enumerated() {
      let absorbed = workspace.absorbed + (index * configuration.heads + heads.lowerBound) * d
      let scores = workspace.scores + heads.lowerBound * workspace.longestSequence
      let states = workspace.hidden + row * d
      kernels.linear(absorbed, d, heads.count, states, d, length, d, nil, false, scores, length)
      kernels.softmax(scores, length, heads.count, length)
      // The mean states take the absorbed queries' place.
      kernels.product(scores, length, heads.count, states, d, length, d, absorbed, d)
      row += encoder.layout.rows(of: length)
    }
    for head in heads {
      let column = head * headDimension
      kernels.linear(
        workspace.absorbed + head * d, configuration.heads * d, sequences, layer.value.weights + column * d, d, headDimension, d,
        layer.value.bias + column, false, workspace.query + column, d)
    }
    member.meet()
    addToFirst(workspace.query, by: layer.attentionOutput, sequences: sequences)
    encoder.normalise(workspace.first, rows: sequences, bias: layer.attentionOutput.bias, norm: layer.attentionNorm)
  }

  /// first = LayerNorm(first + lin2(activation(lin1(first))))
  private func feedForward(_ layer: LastLayerWeights, sequences: Int) {
    let h = configuration.hiddenDimension
    let columns = member.share(of: h, unit: 16)
    multiply(
      workspace.first, ldx: configuration.dimension, rows: sequences, by: layer.feedForwardIn, outputs: columns, bias: nil,
      into: workspace.inner)
    for row in 0..<sequences {
      encoder.activate(
        workspace.inner + row * h + columns.lowerBound, rows: 1, columns: columns.count,
        bias: layer.feedForwardIn.bias + columns.lowerBound)
    }
    member.meet()
    addToFirst(workspace.inner, by: layer.feedForwardOut, sequences: sequences)
    encoder.normalise(workspace.first, rows: sequences, bias: layer.feedForwardOut.bias, norm: layer.outputNorm)
  }

  /// first += x·wᵀ, without the bias, on every thread.
  private func addToFirst(_ x: UnsafePointer<Float>, by linear: Linear, sequences: Int) {
    let d = configuration.dimension
    let columns = member.share(of: d, unit: 16)
    for row in 0..<sequences {
      let start = row * d + columns.lowerBound
      (workspace.sums + start).update(from: workspace.first + start, count: columns.count)
    }
    multiply(
      x, ldx: linear.inputs, rows: sequences, by: linear, outputs: columns, bias: nil, into: workspace.sums, accumulate: true)
    member.meet()
    workspace.first.update(from: workspace.sums, count: sequences * d)
  }

  /// logits = classifier(max(pre_classifier(first), 0))
  private func classify(sequences: Int, logits: UnsafeMutablePointer<Float>) {
    let weights = encoder.weights
    let d = configuration.dimension
    let columns = member.share(of: d, unit: 16)
    multiply(
      workspace.first, ldx: d, rows: sequences, by: weights.preClassifier, outputs: columns, bias: nil, into: workspace.projected)
    for row in 0..<sequences {
      kernels.bias_relu(
        workspace.projected + row * d + columns.lowerBound, 1, columns.count, weights.preClassifier.bias + columns.lowerBound)
    }
    member.meet()
    guard member.index == 0 else { return }
    multiply(
      workspace.projected, ldx: d, rows: sequences, by: weights.classifier, outputs: 0..<weights.classifier.outputs,
      bias: weights.classifier.bias, into: logits)
  }

  /// Some columns of y = x·wᵀ + bias, or y += x·wᵀ + bias, for weights in rows form. y: (rows, outputs of `linear`).
  private func multiply(
    _ x: UnsafePointer<Float>, ldx: Int, rows: Int, by linear: Linear, outputs: Range<Int>, bias: UnsafePointer<Float>?,
    into y: UnsafeMutablePointer<Float>, accumulate: Bool = false
  ) {
    kernels.linear(
      x, ldx, rows, linear.weights + outputs.lowerBound * linear.inputs, linear.inputs, outputs.count, linear.inputs,
      bias.map { $0 + outputs.lowerBound }, accumulate, y + outputs.lowerBound, linear.outputs)
  }
}
