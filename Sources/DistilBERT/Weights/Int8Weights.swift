import CKernels

/// y = x·wᵀ + bias with 8-bit weights, packed once (see `int8.h`).
struct Int8Linear {
  /// Leads into the weights' memory, as do the pointers in it.
  let weights: UnsafePointer<ck_i8_weights>
  /// (inputs): what the activations are multiplied with when they become codes, where they are evened out; the weights'
  /// columns have been divided by it.
  let factors: UnsafePointer<Float>?
  let inputs: Int
  let outputs: Int
}

/// One transformer layer.
struct Int8LayerWeights {
  /// (dim → 3 · dim): queries, scaled by 1/√head_dim, then keys, then values. The keys' bias is left out, since it cancels in
  /// the softmax; the values' bias is in `attentionOutput`'s, as at f32 (`LayerWeights`).
  let attentionInput: Int8Linear
  let rest: Int8AfterAttentionWeights
}

/// The last transformer layer, of which only the first token's output is read; see `ClassifierHead` for the derivation.
struct Int8LastLayerWeights {
  /// Scaled by 1/√head_dim.
  let query: Int8Linear
  /// Per head, W_Kᵀ: (head_dim → dim).
  let keys: [Int8Linear]
  /// Per head, W_V: (dim → head_dim). The bias is in `attentionOutput`'s.
  let values: [Int8Linear]
  let rest: Int8AfterAttentionWeights
}

/// What follows the attention in every layer.
struct Int8AfterAttentionWeights {
  let attentionOutput: Int8Linear
  let attentionNorm: LayerNorm
  let feedForwardIn: Int8Linear
  /// One to a block of `feedForwardBlock` inner channels, whose products add up; the bias is in the first. Codes and weights
  /// of few channels share a scale, which leaves half the error.
  let feedForwardOut: [Int8Linear]
  let outputNorm: LayerNorm
}

extension ModelConfiguration {
  /// Inner channels of the feed-forward layers that are computed together at int8: as many as the model is wide, a multiple of
  /// 16.
  var feedForwardBlock: Int { min(hiddenDimension, (dimension + 15) / 16 * 16) }
  var feedForwardBlocks: Int { (hiddenDimension + feedForwardBlock - 1) / feedForwardBlock }
}

/// All weights of a model at int8.
///
/// `@unchecked Sendable`: the pointers lead into `memory`, which nobody writes to once the loader has returned.
struct Int8Weights: @unchecked Sendable {
  let memory: FloatMemory
  /// (vocabulary, dim) signed 8 bits, and one scale to a row.
  let words: UnsafePointer<Int8>
  let wordScales: UnsafePointer<Float>
  /// (positions, dim), f32.
  let positions: UnsafePointer<Float>
  let embeddingNorm: LayerNorm
  /// All but the last.
  let layers: [Int8LayerWeights]
  /// nil for a model without layers.
  let last: Int8LastLayerWeights?
  /// The head stays f32.
  let preClassifier: Linear
  let classifier: Linear
}
