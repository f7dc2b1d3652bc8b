/// How the rows of a pass lie: where a row's place changes no bit of it, close together.
struct RowLayout {
  /// Sequences start at a multiple of this many rows.
  var alignment = 1
  /// Products have a multiple of this many rows, at least one times.
  var multiple = 1

  /// Rows that a sequence takes.
  func rows(of length: Int) -> Int { roundUp(length, to: alignment) }
}

extension Weights {
  var rowLayout: RowLayout {
    // All layers have one form, but for those too small for OpenBLAS.
    layers.contains { $0.isOnOpenBLAS } ? MatrixProduct.rowLayout : RowLayout()
  }
}

extension LayerWeights {
  fileprivate var isOnOpenBLAS: Bool {
    [attentionInput, attentionOutput, feedForwardIn, feedForwardOut].contains { $0.form == .matrix }
  }
}
