/// The number format of the weights and matrix products. Residual stream, layer norm, softmax and head are f32 in each.
public enum Precision: String, Sendable, CaseIterable {
  /// 32-bit floats throughout: the model as published.
  case f32
  /// 8-bit integer products with exact sums: the same bits on every CPU.
  case int8
}
