import CKernels

/// y = x·wᵀ + bias with bf16 weights, packed once (see `bf16.h`).
struct BF16Linear: PackedLinear {
  /// Leads into the weights' memory, as do the pointers in it.
  let weights: UnsafePointer<ck_bf16_weights>
  let inputs: Int
  let outputs: Int
}
