/// One thread's part of a product, (rows, outputs) of a linear layer.
struct ProductPart {
  let rows: Range<Int>
  let columns: Range<Int>
  var isEmpty: Bool { rows.isEmpty || columns.isEmpty }

  /// By columns, so that all threads together read the weights once; or by rows, whose multiples of `MatrixProduct.rowLayout` are
  /// safe, where OpenBLAS would give columns other bits when they are fewer.
  init(of rows: Int, _ linear: Linear, for member: TeamMember) {
    let columns = member.share(of: linear.outputs, unit: 16)
    let smallest = linear.outputs / member.count - 16
    if member.count == 1 || linear.form != .matrix
      || MatrixProduct.columnsAreIndependent && MatrixProduct.suits(inputs: linear.inputs, outputs: smallest)
    {
      self.rows = 0..<rows
      self.columns = columns
    } else {
      self.rows = member.share(of: rows, unit: MatrixProduct.rowLayout.multiple)
      self.columns = 0..<linear.outputs
    }
  }
}
