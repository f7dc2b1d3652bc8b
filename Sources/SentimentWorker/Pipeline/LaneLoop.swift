/// One engine lane on a thread of its own: takes a micro-batch whenever it is free, labels it, settles its records.
final class LaneLoop<Partition: Hashable & Sendable, Record: Sendable, Outcome: Sendable> {
  typealias State = PipelineState<Partition, Record, Outcome>

  private let lane: any LabellingLane
  private let state: Monitor<State>
  private let metrics: LaneMetrics
  private let outcome: @Sendable (Record, TokenisedText, Result<Labelling, LabellingFailure>) -> Outcome
  private let settled: @Sendable () -> Void

  /// - Parameters:
  ///   - outcome: what goes out for a record, from the model's answer; runs on the lane's thread.
  ///   - settled: called after each batch, when more outcomes may be ready to go out.
  init(
    lane: any LabellingLane, state: Monitor<State>, metrics: LaneMetrics,
    outcome: @escaping @Sendable (Record, TokenisedText, Result<Labelling, LabellingFailure>) -> Outcome,
    settled: @escaping @Sendable () -> Void
  ) {
    self.lane = lane
    self.state = state
    self.metrics = metrics
    self.outcome = outcome
    self.settled = settled
  }

  /// Labels batches until the pipeline has stopped.
  func run() {
    while let batch = nextBatch() {
      let start = MonotonicClock.now
      let answers = lane.label(batch.map(\.input))
      let end = MonotonicClock.now
      metrics.note(
        records: batch.count, tokens: batch.reduce(0) { $0 + $1.input.ids.count },
        waits: batch.lazy.map { start &- $0.waitedSince },
        busy: end &- start)
      let outcomes = zip(batch, answers).map { work, answer in (work.id, outcome(work.record, work.input, answer)) }
      state.update { state in
        for (id, outcome) in outcomes { state.core.settle(id, outcome) }
      }
      settled()
    }
  }

  private func nextBatch() -> [State.Core.Work]? {
    let answer: [State.Core.Work]?? = state.wait(until: .max) { state, wakeUp -> [State.Core.Work]?? in
      if state.isStopped { return .some(nil) }
      if let batch = state.core.takeBatch(at: MonotonicClock.now) { return .some(batch) }
      wakeUp = state.core.batchDeadline ?? .max
      return nil
    }
    return answer ?? nil
  }
}

extension LaneLoop {
  /// Starts a lane of `model` on each of `count` threads, which run until the pipeline has stopped. A lane that cannot be made fails the
  /// pipeline.
  static func start(
    _ count: Int, of model: any LabellingModel, state: Monitor<State>, metrics: LaneMetrics,
    outcome: @escaping @Sendable (Record, TokenisedText, Result<Labelling, LabellingFailure>) -> Outcome,
    settled: @escaping @Sendable () -> Void
  ) -> [JoinableThread] {
    let threads = (0..<count).map { number in
      JoinableThread(name: "lane-\(number)") {
        do throws(WorkerError) {
          // Made here, so that its workspace is touched first by the thread, and on the memory node, that uses it.
          let lane = try model.makeLane()
          LaneLoop(lane: lane, state: state, metrics: metrics, outcome: outcome, settled: settled).run()
        } catch {
          state.update { $0.fail(error) }
        }
      }
    }
    if !threads.allSatisfy(\.isStarted) {
      state.update {
        $0.fail(WorkerError(.model, "the system gives no thread for each of \(count) lanes; use fewer with --lanes"))
      }
    }
    return threads
  }
}
