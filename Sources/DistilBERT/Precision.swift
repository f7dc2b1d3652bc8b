/// The number format of the weights and matrix products.
public enum Precision: String, Sendable, CaseIterable {
  /// 32-bit floats throughout: the model as published.
  case f32
}
