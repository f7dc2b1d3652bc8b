/// The number format of the weights and matrix products. Residual stream, layer norm, softmax and head are f32 in each.
public enum Precision: String, Sendable, CaseIterable {
  /// 32-bit floats throughout: the model as published.
  case f32
  /// 16-bit floats with the range of f32 and 8 bits of precision, f32 sums. On a CPU without instructions for it f32 is computed.
  case bf16
  /// 8-bit integer products with exact sums: the same bits on every CPU.
  case int8
}
