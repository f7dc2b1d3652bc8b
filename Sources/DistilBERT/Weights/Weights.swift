import CKernels

/// y = x·wᵀ + bias for a weight matrix, in the form in which it is fastest here.
struct Linear {
  /// How `weights` lie in memory.
  enum Form {
    /// Panels of channels, for the CPUs that have own kernels for them; see `ck_pack_panels`.
    case panels
    /// (inputs, outputs), for OpenBLAS on other CPUs.
    case matrix
    /// (outputs, inputs), as in the checkpoint, for the dot-product kernel: few rows, or small weights.
    case rows
  }
  let form: Form
  let inputs: Int
  let outputs: Int
  let weights: UnsafeMutablePointer<Float>
  /// (outputs)
  let bias: UnsafeMutablePointer<Float>

  /// Some rows and columns of y = x·wᵀ, or y += x·wᵀ, **without** the bias, which the next kernel adds. x: (rows, inputs), rows
  /// `ldx` apart, y: (rows, outputs); both point to the first of all rows.
  func multiply(
    _ x: UnsafePointer<Float>, ldx: Int, _ part: ProductPart, into y: UnsafeMutablePointer<Float>, accumulate: Bool,
    kernels: ck_kernels
  ) {
    guard !part.isEmpty else { return }
    if form == .panels {
      return multiply(x, ldx: ldx, part, into: y, finish: CK_SUM, accumulate: accumulate, kernels: kernels)
    }
    let x = x + part.rows.lowerBound * ldx
    let y = y + part.rows.lowerBound * outputs + part.columns.lowerBound
    switch form {
    case .panels: break
    case .matrix:
      MatrixProduct.multiply(
        x, ldx: ldx, rows: part.rows.count, by: weights + part.columns.lowerBound, ldw: outputs, inputs: inputs,
        columns: part.columns.count, into: y, accumulate: accumulate)
    case .rows:
      kernels.linear(
        x, ldx, part.rows.count, weights + part.columns.lowerBound * inputs, inputs, part.columns.count, inputs, nil, accumulate,
        y, outputs)
    }
  }
}

extension Linear {
  /// For weights in panels: some rows and columns of y = finish(x·wᵀ), or of y = finish(y + x·wᵀ).
  func multiply(
    _ x: UnsafePointer<Float>, ldx: Int, _ part: ProductPart, into y: UnsafeMutablePointer<Float>, finish: ck_finish,
    accumulate: Bool = false, kernels: ck_kernels
  ) {
    guard !part.isEmpty, let product = kernels.panel_product else { return }
    product(
      x + part.rows.lowerBound * ldx, ldx, part.rows.count, weights, inputs, part.columns.lowerBound, part.columns.count,
      bias + part.columns.lowerBound, finish, accumulate, y + part.rows.lowerBound * outputs + part.columns.lowerBound, outputs)
  }

  /// Floats that the weights take.
  static func weightCount(_ form: Form, inputs: Int, outputs: Int) -> Int {
    form == .panels ? roundUp(outputs, to: Int(CK_PANEL)) * inputs : outputs * inputs
  }
}

/// Layer norm: scale and shift, (dim) each.
struct LayerNorm {
  /// As in Hugging Face's DistilBERT; not configurable there.
  static let epsilon: Float = 1e-12
  let gamma: UnsafeMutablePointer<Float>
  let beta: UnsafeMutablePointer<Float>
}

/// One transformer layer.
struct LayerWeights {
  /// (dim → 3 · dim): queries, scaled by 1/√head_dim, then keys, then values. Its bias: the queries' (dim), scaled as well.
  /// The keys' bias cancels in the softmax. The values' bias b_v passes through it (probabilities sum to 1), so that
  /// `attentionOutput.bias` is b_o + W_o·b_v.
  let attentionInput: Linear
  let attentionOutput: Linear
  let attentionNorm: LayerNorm
  let feedForwardIn: Linear
  let feedForwardOut: Linear
  let outputNorm: LayerNorm
}

/// The last transformer layer, of which only the first token's output is read. All in rows form; see `ClassifierHead`.
struct LastLayerWeights {
  /// Scaled by 1/√head_dim.
  let query: Linear
  /// (dim, dim)
  let key: UnsafeMutablePointer<Float>
  let value: Linear
  let attentionOutput: Linear
  let attentionNorm: LayerNorm
  let feedForwardIn: Linear
  let feedForwardOut: Linear
  let outputNorm: LayerNorm
}

/// All weights of a model, prepared for the forward pass.
///
/// `@unchecked Sendable`: the pointers lead into `memory`, which nobody writes to once the loader has returned.
struct Weights: @unchecked Sendable {
  let memory: FloatMemory
  /// (vocabulary, dim)
  let words: UnsafeMutablePointer<Float>
  /// (positions, dim)
  let positions: UnsafeMutablePointer<Float>
  let embeddingNorm: LayerNorm
  /// All but the last.
  let layers: [LayerWeights]
  /// nil for a model without layers.
  let last: LastLayerWeights?
  let preClassifier: Linear
  let classifier: Linear
}
