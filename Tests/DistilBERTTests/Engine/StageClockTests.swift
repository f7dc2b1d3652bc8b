import Testing

@testable import DistilBERT

@Suite("A lane times the stages of its passes if asked to")
struct StageClockTests {
  @Test("every stage takes time, together not more than the passes; results stay the same", arguments: Precision.allCases)
  func stages(precision: Precision) throws {
    let lane = try Lane(model: SyntheticModel(layers: 2).load(precision: precision), maximumTokens: 64)
    let batch: [[Int32]] = [[1, 2, 3, 4], [5, 6]]
    let untimed = try lane.logits(batch)
    #expect(lane.stageTimes == StageTimes())

    lane.measuresStages = true
    var timed: [[Float]] = []
    let elapsed = try SuspendingClock().measure { for _ in 0..<10 { timed = try lane.logits(batch) } }
    #expect(timed == untimed)
    // The activation is part of the product before it, but where OpenBLAS multiplies, and at int8.
    let isOnPanels = lane.model.kernelPath.kernels.panel_product != nil
    let isFused = lane.model.effectivePrecision == .bf16 || lane.model.effectivePrecision == .f32 && isOnPanels
    for stage in Stage.allCases where !(isFused && stage == .activation) { #expect(lane.stageTimes[stage] > .zero, "\(stage)") }
    #expect(lane.stageTimes.total <= elapsed)

    lane.resetStageTimes()
    lane.measuresStages = false
    _ = try lane.logits(batch)
    #expect(lane.stageTimes == StageTimes())
  }
}
