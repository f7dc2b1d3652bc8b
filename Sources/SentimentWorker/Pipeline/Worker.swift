import Kafka
import Telemetry

/// The state of a worker's pipeline.
typealias WorkerState = PipelineState<TopicPartition, ReviewRecord, Outcome>

/// The worker: consume, label, produce, until told to stop. This is where the parts meet; the path of one message is
///
///     Intake (consume, decode, tokenise) → PipelineCore (order, batches, bounds) → LaneLoop (label, encode)
///       → Outlet (produce in order, take acknowledgements) → Intake (commit)
///
/// With `delivery.guarantee: exactly-once` the last two are one: `TransactionalOutlet` commits results and offsets together.
///
/// Threads: the caller's runs the intake; one per lane, one for deliveries, one for stats and one for the watchdog run beside
/// it. They share `WorkerState` under one lock.
final class Worker: Sendable {
  private let options: WorkerOptions
  private let model: any LabellingModel
  private let log: Logger
  private let writeStats: @Sendable ([UInt8]) -> Void
  private let noteReadiness: @Sendable (Readiness.Event) -> Void
  private let state: Monitor<WorkerState>
  let metrics: WorkerMetrics
  /// Whether the worker gets on.
  let health: Health

  /// - Parameters:
  ///   - noteReadiness: is told of what makes the worker ready or not.
  ///   - writeStats: takes the stats lines, each with its newline.
  init(
    options: WorkerOptions, model: any LabellingModel, log: Logger,
    noteReadiness: @escaping @Sendable (Readiness.Event) -> Void = { _ in }, writeStats: @escaping @Sendable ([UInt8]) -> Void
  ) {
    self.options = options
    self.model = model
    self.log = log
    self.writeStats = writeStats
    self.noteReadiness = noteReadiness
    metrics = WorkerMetrics(labels: model.labels.count, lanes: options.lanes, drift: options.drift)
    health = Health(timeout: options.stallTimeout)
    var initial = WorkerState(core: .init(batch: options.batch, flow: options.inFlight))
    initial.transaction = options.transactions.map { TransactionCore($0) }
    state = Monitor(initial)
  }

  /// Stops consuming and finishes what is in flight; `run` then returns, at once if it has not begun. May be called from any
  /// thread, more than once.
  func stop() {
    noteReadiness(.ending)
    state.update { state in
      // What no lane has begun is not lost: it was never committed, and whoever has the partition next reads it.
      state.finishBegun(until: MonotonicClock.now &+ options.drainDeadline.nanoseconds)
    }
  }

  /// Runs the worker on this thread and others until `stop`.
  /// - Returns: the summary of the run.
  /// - Throws: `WorkerError` when something else ends the worker; what was acknowledged by then is committed.
  func run() throws(WorkerError) -> StatsLine {
    let topics = try Preflight(options: options).check(while: { [state] in state.withLock { $0.isRunning } })
    let reporter = StatsReporter(
      metrics: metrics, state: state, health: health,
      surroundings: surroundings,
      write: { [self, baseline = BaselineKeeping(options.drift)] line in
        writeStats(line)
        baseline?.keep(metrics, of: model, log)
      })
    let interval = options.statsInterval
    let stats = JoinableThread(name: "stats") { reporter.run(interval: interval) }
    defer { stats.join() }
    do throws(KafkaError) {
      // Without topics it was stopped before it began.
      if let topics { try runPipeline(topics) }
    } catch {
      state.update { $0.fail(.kafka(error)) }
    }
    let summary = reporter.end()
    if let failure = state.withLock({ $0.outcome }) { throw failure }
    return summary
  }

  private var surroundings: StatsReporter.Surroundings {
    .init(model: model.identity, labels: model.labels, lanes: options.lanes, batchTokenLimit: options.batch.tokens)
  }

  /// What a scrape tells at this moment; may be asked for from any thread.
  func metricsPage() -> MetricsPage {
    let (load, isPaused) = state.withLock { ($0.core.load, $0.core.isPaused) }
    let now = MonotonicClock.now
    return MetricsPage(
      snapshot: StatsSnapshot(metrics, time: .now(), at: now), load: load, isPaused: isPaused, lag: metrics.lag,
      secondsToDrain: metrics.secondsToDrain, stalled: health.stalled(at: now), stalls: metrics.stalls.value,
      surroundings: surroundings)
  }

  private func makeOutlet(_ topics: WorkerTopics) throws(KafkaError) -> any OutcomeOutlet {
    if options.transactions != nil {
      return TransactionalOutlet(state: state, topics: topics, options: options, metrics: metrics, log: log)
    }
    let producer = try Producer(
      configuration: options.producer,
      handlers: log.clientHandlers(errors: metrics.produceErrors) { [state] error in state.update { $0.fail(.kafka(error)) } })
    return Outlet(state: state, producer: producer, topics: topics, metrics: metrics)
  }

  private func runPipeline(_ topics: WorkerTopics) throws(KafkaError) {
    log.info(
      "memory in flight is bounded", ["bytes": .integer(MemoryBound(options, partitions: topics.inputPartitions).total)])
    let outlet = try makeOutlet(topics)
    defer { outlet.close() }
    let intake = try Intake(
      state: state, model: model, outlet: outlet, options: options, metrics: metrics, log: log,
      noteReadiness: noteReadiness)
    let encoder = OutcomeEncoder(
      labels: model.labels, format: options.outputFormat,
      encoder: ResultEncoder(model: model.identity, enrichedMember: options.enrichMember))
    let lanes = LaneLoop.start(
      options.lanes, of: model, state: state, metrics: metrics.lanes, retries: options.retries,
      outcome: { record, text, answer in encoder.outcome(of: record, text, answer) }, settled: { outlet.sendReleases() })
    let deliveries = JoinableThread(name: "deliveries") { [state] in
      while !state.withLock({ $0.isStopped }) { outlet.takeDeliveries(timeout: .milliseconds(100)) }
    }
    let watchdog = WatchdogThread(
      state: state, metrics: metrics, health: health, log: log, timeout: options.stallTimeout,
      hasOutstandingDeliveries: { outlet.isOutstanding }
    ).start()
    intake.run()
    state.update { $0.stop() }
    watchdog?.join()
    for lane in lanes { lane.join() }
    deliveries.join()
  }
}
