/// The forward pass at one precision as one thread of a lane runs it, with the memory that it computes in.
///
/// The threads of a lane share the states of all tokens. Linear layers are dealt by columns: however short the batch is, the weights
/// are read once for all threads together, and reading them is what takes time there. Attention and layer norms are dealt by rows.
/// Each result is computed by one thread in the order that a single thread has, so that the bits are the same; the threads meet
/// wherever one reads what others have written.
protocol ForwardPass {
  /// Rows of the workspace: the sequences of one slice take no more.
  var rows: Int { get }
  /// Of all threads.
  var workspaceBytes: Int { get }
  /// The thread's place.
  var member: TeamMember { get }
  /// Times the stages of `run`.
  var clock: StageClock { get }

  /// Rows that a sequence takes.
  func rows(of length: Int) -> Int

  /// Computes this thread's part of the logits. The sequences fit the workspace.
  func run(_ slice: Slice)
}

extension ForwardPass {
  /// Rows at which matrix products have reached their speed; a larger batch is computed in slices of about so many.
  static var sliceRows: Int { 1_024 }
}
