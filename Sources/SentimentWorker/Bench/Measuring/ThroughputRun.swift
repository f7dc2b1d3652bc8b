import DistilBERT
import Synchronization

/// Runs a workload on some lanes at once, each on a thread of its own, several times.
final class ThroughputRun: Sendable {
  typealias MakeLane = @Sendable () throws(ModelError) -> Lane

  struct Result: Sendable {
    /// Of each repeat: for how long the lanes were busy, on average. In a stream without end no lane would stand idle until the
    /// last has finished, as here.
    var seconds: [Double] = []
    /// Logits of all sequences in the workload's order, if they were asked for.
    var logits: [[Float]] = []
  }

  private struct State {
    var arrived = 0
    var round = 0
    var isOver = false
    var busy: Nanoseconds = 0
    var result = Result()
    var failure: WorkerError?
  }

  private let makeLane: MakeLane
  private let lanes: Int
  private let batches: [WorkloadBatch]
  /// Batches of a repeat: all of them, as many times as it takes for each lane to have four.
  private let total: Int
  private let plan: RepeatPlan
  private let keepsLogits: Bool
  private let cursor = Atomic<Int>(0)
  private let state: Monitor<State>

  init(lanes: Int, makeLane: @escaping MakeLane, batches: [WorkloadBatch], plan: RepeatPlan, keepsLogits: Bool) {
    self.makeLane = makeLane
    self.lanes = lanes
    self.batches = batches
    total = Self.rounds(batches: batches.count, lanes: lanes) * batches.count
    self.plan = plan
    self.keepsLogits = keepsLogits
    var state = State()
    if keepsLogits { state.result.logits = Array(repeating: [], count: batches.reduce(0) { $0 + $1.lengths.count }) }
    self.state = Monitor(state)
  }

  /// How often a repeat goes through the workload.
  static func rounds(batches: Int, lanes: Int) -> Int { (4 * lanes + batches - 1) / batches }

  /// - Throws: `WorkerError` of kind `model` if a lane cannot be made or run.
  func run() throws(WorkerError) -> Result {
    let threads = (0..<lanes).map { number in
      JoinableThread(name: "bench \(number)") { [self] in work(asFirst: number == 0) }
    }
    if threads.contains(where: { !$0.isStarted }) {
      state.update { $0.failure = WorkerError(.model, "the system gives no thread for a lane; use fewer lanes") }
    }
    for thread in threads { thread.join() }
    let end = state.withLock { $0 }
    if let failure = end.failure { throw failure }
    return end.result
  }

  private func work(asFirst isFirst: Bool) {
    do throws(ModelError) {
      let lane = try makeLane()
      var logits: [Float] = []
      try warmUp(lane, &logits)
      var busy: Nanoseconds?
      var isKeeping = keepsLogits
      while meet(after: busy) {
        let start = MonotonicClock.now
        while true {
          let next = cursor.wrappingAdd(1, ordering: .relaxed).oldValue
          guard next < total else { break }
          let batch = batches[next % batches.count]
          _ = try lane.forward(ids: batch.ids, lengths: batch.lengths, logits: &logits)
          if isKeeping { keep(logits, of: batch) }
        }
        busy = MonotonicClock.now - start
        isKeeping = false
      }
    } catch {
      state.update { $0.failure = WorkerError(.model, "\(error)") }
    }
  }

  /// Touches the weights and lets the CPU reach its clock: some of the workload, for a second at most.
  private func warmUp(_ lane: Lane, _ logits: inout [Float]) throws(ModelError) {
    let start = MonotonicClock.now
    for batch in batches where MonotonicClock.now - start < 1_000_000_000 {
      _ = try lane.forward(ids: batch.ids, lengths: batch.lengths, logits: &logits)
    }
  }

  /// Waits for all lanes; the last one to come opens the next repeat. False if there is none.
  private func meet(after busy: Nanoseconds?) -> Bool {
    let round = state.update { state in
      let round = state.round
      state.arrived += 1
      state.busy += busy ?? 0
      if state.arrived == lanes {
        if busy != nil { state.result.seconds.append(Double(state.busy) / 1e9 / Double(lanes)) }
        state.isOver = plan.isDone(after: state.result.seconds)
        state.arrived = 0
        state.busy = 0
        state.round += 1
        cursor.store(0, ordering: .relaxed)
      }
      return round
    }
    return state.wait(until: .max) { state, _ in
      state.failure != nil ? false : state.round > round ? !state.isOver : nil
    } ?? false
  }

  private func keep(_ logits: [Float], of batch: WorkloadBatch) {
    let labels = logits.count / batch.lengths.count
    state.withLock { state in
      for index in batch.lengths.indices {
        state.result.logits[batch.start + index] = Array(logits[index * labels..<(index + 1) * labels])
      }
    }
  }
}
