/// The number format of the weights and matrix products. Residual stream, layer norm, softmax and head are f32 in each.
public enum Precision: String, Sendable, CaseIterable {
  /// 32-bit floats throughout: the model as published.
  case f32
  /// bfloat16 products with f32 sums, on CPUs that have them (AVX-512 BF16); computed in f32 elsewhere.
  case bf16
  /// 8-bit integer products with exact sums: the same bits on every CPU.
  case int8
}
