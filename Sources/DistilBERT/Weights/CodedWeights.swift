/// Weights and bias of a linear layer, packed once for the products of a number format.
protocol PackedLinear {
  var inputs: Int { get }
  var outputs: Int { get }
}

/// One transformer layer.
struct CodedLayer<Linear: PackedLinear> {
  /// (dim → 3 · dim): queries, scaled by 1/√head_dim, then keys, then values. The keys' bias is left out, since it cancels in
  /// the softmax; the values' bias is in `attentionOutput`'s, as at f32 (`LayerWeights`).
  let attentionInput: Linear
  let rest: CodedAfterAttention<Linear>
}

/// The last transformer layer, of which only the first token's output is read; see `ClassifierHead` for the derivation.
struct CodedLastLayer<Linear: PackedLinear> {
  /// Scaled by 1/√head_dim.
  let query: Linear
  /// Per head, W_Kᵀ: (head_dim → dim).
  let keys: [Linear]
  /// Per head, W_V: (dim → head_dim). The bias is in `attentionOutput`'s.
  let values: [Linear]
  let rest: CodedAfterAttention<Linear>
}

/// What follows the attention in every layer.
struct CodedAfterAttention<Linear: PackedLinear> {
  let attentionOutput: Linear
  let attentionNorm: LayerNorm
  let feedForwardIn: Linear
  /// One to a block of `Format.feedForwardBlock` inner channels, whose products add up; the bias is in the first. At int8
  /// codes and weights of few channels share a scale, which leaves half the error.
  let feedForwardOut: [Linear]
  let outputNorm: LayerNorm
}

/// All weights of a model at int8 or bf16.
///
/// `@unchecked Sendable`: the pointers lead into `memory`, which nobody writes to once the loader has returned.
struct CodedWeights<Format: NumberFormat>: @unchecked Sendable {
  let memory: FloatMemory
  let words: Format.Words
  /// (positions, dim), f32.
  let positions: UnsafePointer<Float>
  let embeddingNorm: LayerNorm
  /// All but the last.
  let layers: [CodedLayer<Format.Linear>]
  /// nil for a model without layers.
  let last: CodedLastLayer<Format.Linear>?
  /// The head stays f32.
  let preClassifier: Linear
  let classifier: Linear
}
