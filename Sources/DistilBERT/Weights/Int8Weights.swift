import CKernels

/// y = x·wᵀ + bias with 8-bit weights, packed once (see `int8.h`).
struct Int8Linear: PackedLinear {
  /// Leads into the weights' memory, as do the pointers in it.
  let weights: UnsafePointer<ck_i8_weights>
  /// (inputs): what the activations are multiplied with when they become codes, where they are evened out; the weights'
  /// columns have been divided by it.
  let factors: UnsafePointer<Float>?
  let inputs: Int
  let outputs: Int
}

/// A word embedding of 8 bits.
struct Int8Words {
  /// (vocabulary, dim), signed, and one scale to a row.
  let codes: UnsafePointer<Int8>
  let scales: UnsafePointer<Float>
}
