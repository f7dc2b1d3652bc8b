/// One engine lane on a thread of its own: takes a micro-batch whenever it is free, labels it, settles its records.
///
/// A batch that the lane cannot do as a whole is halved until the guilty records are alone (`Bisection`); the others get their
/// labels. Order is the core's business: records behind one that is tried again wait there for their turn.
final class LaneLoop<Partition: Hashable & Sendable, Record: Sendable, Outcome: Sendable> {
  typealias State = PipelineState<Partition, Record, Outcome>
  typealias MakeOutcome = @Sendable (Record, TokenisedText, Result<Labelling, LabellingFailure>) -> Outcome

  private let lane: any LabellingLane
  private let state: Monitor<State>
  private let metrics: LaneMetrics
  private let pulse: LanePulse
  private let retries: RetryLimits
  private let outcome: MakeOutcome
  private let settled: @Sendable () -> Void

  /// - Parameters:
  ///   - number: which lane of `metrics` it is, from 0.
  ///   - outcome: what goes out for a record, from the model's answer; runs on the lane's thread.
  ///   - settled: called when more outcomes may be ready to go out: after each batch, and each part of one that failed.
  init(
    lane: any LabellingLane, number: Int, state: Monitor<State>, metrics: LaneMetrics, retries: RetryLimits,
    outcome: @escaping MakeOutcome, settled: @escaping @Sendable () -> Void
  ) {
    self.lane = lane
    self.state = state
    self.metrics = metrics
    pulse = metrics.pulses[number]
    self.retries = retries
    self.outcome = outcome
    self.settled = settled
  }

  /// Labels batches until the pipeline has stopped.
  func run() {
    while let batch = nextBatch() {
      let start = MonotonicClock.now
      pulse.begin()
      let busy = label(batch)
      pulse.rest()
      metrics.note(
        records: batch.count, tokens: batch.reduce(0) { $0 + $1.input.ids.count },
        waits: batch.lazy.map { start &- $0.waitedSince },
        busy: busy)
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

  /// Labels and settles a batch.
  /// - Returns: the time that the lane took, waits between attempts left out.
  private func label(_ batch: [State.Core.Work]) -> Nanoseconds {
    var busy: Nanoseconds = 0
    var bisection = Bisection(count: batch.count, backoff: Backoff(limits: retries, random: SystemRandomNumberGenerator()))
    while true {
      switch bisection.next(at: MonotonicClock.now) {
      case .finished: return busy
      case .wait(let moment):
        // What is left of the batch is nobody's any longer once the pipeline has ended.
        pulse.rest()
        let isOver: Bool? = state.wait(until: moment) { state, _ in state.hasEnded ? true : nil }
        pulse.begin()
        if isOver == true { return busy }
      case .run(let part):
        pulse.advance()
        let start = MonotonicClock.now
        do throws(LabellingFailure) {
          let answers = try lane.label(batch[part].map(\.input))
          busy += MonotonicClock.now &- start
          bisection.succeeded()
          settle(batch[part], answers)
        } catch {
          busy += MonotonicClock.now &- start
          metrics.failures.increment()
          guard let attempts = bisection.failed(part, at: MonotonicClock.now) else { continue }
          let failure = LabellingFailure(detail: error.detail, attempts: attempts)
          settle(batch[part], [.failure(failure)])
        }
      }
    }
  }

  private func settle(_ works: ArraySlice<State.Core.Work>, _ answers: [Result<Labelling, LabellingFailure>]) {
    let outcomes = zip(works, answers).map { work, answer in (work.id, outcome(work.record, work.input, answer)) }
    state.update { state in
      for (id, outcome) in outcomes { state.core.settle(id, outcome) }
    }
    settled()
  }
}

extension LaneLoop {
  /// Starts a lane of `model` on each of `count` threads, which run until the pipeline has stopped. A lane that cannot be made fails the
  /// pipeline.
  static func start(
    _ count: Int, of model: any LabellingModel, state: Monitor<State>, metrics: LaneMetrics, retries: RetryLimits = .standard,
    outcome: @escaping MakeOutcome, settled: @escaping @Sendable () -> Void
  ) -> [JoinableThread] {
    let threads = (0..<count).map { number in
      JoinableThread(name: "lane-\(number)") {
        do throws(WorkerError) {
          // Made here, so that its workspace is touched first by the thread, and on the memory node, that uses it.
          let lane = try model.makeLane()
          LaneLoop(
            lane: lane, number: number, state: state, metrics: metrics, retries: retries, outcome: outcome, settled: settled
          ).run()
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
