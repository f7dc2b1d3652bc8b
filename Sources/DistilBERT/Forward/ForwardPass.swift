/// The forward pass at one precision as one thread of a lane runs it, with the memory that it computes in.
///
/// The threads of a lane share the states of all tokens, and each computes a range of rows through all layers: the linear layers
/// and norms of those rows, and their attention over the whole of their sequences. They meet once a layer, when all keys and
/// values are there. The last layer and the head, which are for few tokens, are dealt by columns.
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
