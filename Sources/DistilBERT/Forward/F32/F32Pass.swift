import CKernels

/// The forward pass at f32: matrix products on own kernels, or on OpenBLAS where the CPU has none.
struct F32Pass: ForwardPass {
  let member: TeamMember
  let clock: StageClock
  private let workspace: Workspace
  private let encoder: Encoder

  /// The pass once for each thread of a lane.
  static func team(
    of threads: Int, _ configuration: ModelConfiguration, weights: Weights, kernels: ck_kernels, maximumTokens: Int,
    longestSequence: Int
  ) throws(ModelError) -> [F32Pass] {
    let wanted = max(min(maximumTokens, Self.sliceRows), weights.rowLayout.rows(of: longestSequence))
    let rows = roundUp(wanted, to: weights.rowLayout.multiple)
    let workspaces = try Workspace.team(of: threads, configuration, rows: rows, longestSequence: longestSequence)
    return zip(workspaces, TeamMember.team(of: threads)).map { workspace, member in
      let clock = StageClock()
      let encoder = Encoder(
        configuration: configuration, weights: weights, layout: weights.rowLayout, kernels: kernels, workspace: workspace,
        member: member, clock: clock)
      return F32Pass(member: member, clock: clock, workspace: workspace, encoder: encoder)
    }
  }

  var rows: Int { workspace.rows }
  var workspaceBytes: Int { workspace.memory.bytes }

  func rows(of length: Int) -> Int { encoder.layout.rows(of: length) }

  func run(_ slice: Slice) {
    clock.start()
    encoder.run(slice)
    clock.lap(.head) { ClassifierHead(encoder: encoder).run(slice) }
  }
}
