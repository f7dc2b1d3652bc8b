/// Laps of the stages of one lane's forward passes: whatever time goes by between two laps belongs to the second one's stage.
///
/// Off at first; then a lap is one branch that is always taken alike. It belongs to the lane's thread, and nothing else calls it.
final class StageClock {
  var isOn = false
  private(set) var times = StageTimes()
  private var last = SuspendingClock.now

  /// Begins a pass: what came before it belongs to no stage.
  @inline(__always)
  func start() {
    if isOn { last = SuspendingClock.now }
  }

  /// Ends a stage.
  @inline(__always)
  func lap(_ stage: Stage) {
    if isOn { record(stage) }
  }

  /// Times `body` as one stage, whatever laps are in it.
  @inline(__always)
  func lap(_ stage: Stage, _ body: () -> Void) {
    let wasOn = isOn
    isOn = false
    body()
    isOn = wasOn
    lap(stage)
  }

  func reset() { times = StageTimes() }

  @inline(never)
  private func record(_ stage: Stage) {
    let now = SuspendingClock.now
    times[stage] += now - last
    last = now
  }
}
