/// The forward pass at one precision, with the memory that it computes in: what a lane runs slice after slice.
protocol ForwardPass {
  /// Rows of the workspace: the sequences of one slice take no more.
  var rows: Int { get }
  var workspaceBytes: Int { get }
  /// Times the stages of `run`.
  var clock: StageClock { get }

  /// Rows that a sequence takes.
  func rows(of length: Int) -> Int

  /// Writes (sequences, labels) logits. The sequences fit the workspace. Returns the position in `ids` of the first id outside
  /// the vocabulary, or nil.
  func run(
    ids: UnsafePointer<Int32>, lengths: UnsafeBufferPointer<Int>, logits: UnsafeMutablePointer<Float>
  ) -> Int?
}

extension ForwardPass {
  /// Rows at which matrix products have reached their speed; a larger batch is computed in slices of about so many.
  static var sliceRows: Int { 1_024 }

  static func roundUp(_ count: Int, to step: Int) -> Int { (count + step - 1) / step * step }
}
