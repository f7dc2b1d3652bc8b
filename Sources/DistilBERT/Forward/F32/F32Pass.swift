import CKernels

/// The forward pass at f32: matrix products on OpenBLAS.
struct F32Pass: ForwardPass {
  private let workspace: Workspace
  private let encoder: Encoder
  let clock = StageClock()

  init(
    _ configuration: ModelConfiguration, weights: Weights, kernels: ck_kernels, maximumTokens: Int, longestSequence: Int
  ) throws(ModelError) {
    let wanted = max(min(maximumTokens, Self.sliceRows), Encoder.rows(of: longestSequence))
    let rows = Encoder.roundUp(wanted, to: MatrixProduct.rowMultiple)
    workspace = try Workspace(configuration, rows: rows, longestSequence: longestSequence)
    encoder = Encoder(configuration: configuration, weights: weights, kernels: kernels, workspace: workspace, clock: clock)
  }

  var rows: Int { workspace.rows }
  var workspaceBytes: Int { workspace.memory.bytes }

  func rows(of length: Int) -> Int { Encoder.rows(of: length) }

  func run(
    ids: UnsafePointer<Int32>, lengths: UnsafeBufferPointer<Int>, logits: UnsafeMutablePointer<Float>
  ) -> Int? {
    clock.start()
    if let bad = encoder.run(ids: ids, lengths: lengths) { return bad }
    clock.lap(.head) { ClassifierHead(encoder: encoder).run(lengths: lengths, logits: logits) }
    return nil
  }
}
