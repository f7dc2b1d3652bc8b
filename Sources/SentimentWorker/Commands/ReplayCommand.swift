import Foundation
import Kafka
import Settings
import Telemetry

/// `replay`: a worker that ends with a range.
struct ReplayCommand {
  let values: SettingValues
  let terminal: Terminal

  func run() throws -> Int32 {
    let output = ProgramLog(values, terminal)
    defer { output.close() }
    let log = output.logger
    let start = WorkerStart(values: values, log: log)
    let stop = StopRequest()
    let signals = StopSignals { signal in
      log.info("stopping: finishing what is in flight; run the job again to go on", ["signal": "\(signal)"])
      stop.make()
    }
    defer { signals.cancel() }
    let lanes = ModelLoading.lanes(values)
    var options = try WorkerOptions(values, lanes: lanes)
    options.inputTopics = ReplaySettings.topics(values)
    let job = ReplayJob(
      name: ReplaySettings.jobName(values), topics: options.inputTopics, client: options.consumer, timeout: options.startTimeout)
    options.consumer["group.id"] = job.group
    options.consumer["enable.partition.eof"] = "true"
    // A job that was killed is to go on soon, and its partitions wait for that long.
    if values[WorkerSettings.kafka]["session.timeout.ms"] == nil { options.consumer["session.timeout.ms"] = "10000" }
    guard try Preflight(options: options).check(while: { !stop.isMade }) != nil else { return ExitStatus.failure }
    let comparison = values[ReplaySettings.compareWith].map { topic in
      ComparisonRun(
        job: job, options: options, topic: topic, examples: values[ReplaySettings.examples],
        showsText: values[ReplaySettings.showText])
    }
    try comparison?.checkTopic()

    let filter = ReplaySettings.filter(values)
    let standing: ReplayJob.Standing
    switch try Plan(job: job, values: values).make() {
    case .nothing(let text, let done):
      var summary = ReplaySummary(job: job, options: options, remark: text, isDone: true)
      if let done { summary.comparison = try comparison?.report(on: done.range, filter: filter) }
      return show(summary)
    case .standing(let found): standing = found
    }
    try comparison?.check(standing.range)
    options.replay = ReplayOptions(
      range: standing.range, filter: filter, rate: values[ReplaySettings.rate],
      isOfDeadLetters: values[ReplaySettings.fromDeadLetter])
    if values[ReplaySettings.dryRun] {
      let model = try ModelLoading.load(values)
      return try terminal.print(ReplayForecast(job: job, standing: standing, options: options, model: model).text())
    }

    start.logSettings(options)
    let identity = try start.takeIdentity(for: &options)
    defer { withExtendedLifetime(identity) {} }
    let model = try start.loadModel(lanes: lanes)
    log.info(
      "replaying", ["job": "\(job.name)", "group": "\(job.group)", "offsets_left": .integer(Int(clamping: standing.left.count))])
    let file = values[WorkerSettings.statsFile]
    let stats = file == "-" ? nil : try start.statsFile(file)
    defer { _ = stats?.close(patience: ProgramLog.patience) }
    let worker = Worker(
      options: options, model: model, log: log,
      writeStats: { line in
        stats?.write(line)
        output.writeRepeats()
      })
    stop.whenMade { worker.stop() }
    let progress = ReplayProgress(
      job: job, range: standing.range, interval: terminal.isErrorTerminal ? .seconds(1) : options.statsInterval)
    let thread = JoinableThread(name: "progress") { [terminal] in
      progress.run { look in
        if terminal.isErrorTerminal { terminal.showProgress(look.text) } else { log.info("progress", look.metadata) }
      }
    }
    let result = Result { try worker.run() }
    progress.end()
    thread.join()
    terminal.clearProgress()
    let line = try result.get()
    start.logEnd(line)
    var summary = ReplaySummary(job: job, options: options, line: line, isDone: try job.standing()?.isDone == true)
    if summary.isDone, let comparison {
      log.info("comparing", ["with": "\(comparison.topic)"])
      summary.comparison = try comparison.report(on: standing.range, filter: filter)
    }
    let printed = show(summary)
    return summary.isDone ? printed : ExitStatus.failure
  }

  private func show(_ summary: ReplaySummary) -> Int32 {
    switch values[ReplaySettings.output] {
    case .text: terminal.print(summary.text)
    case .json: terminal.write(summary.json()) ? ExitStatus.success : ExitStatus.failure
    }
  }

  /// Begins the job, or finds it.
  private struct Plan {
    let job: ReplayJob
    let values: SettingValues

    enum Decision {
      /// Why there is nothing to do, and the job's range if it is done.
      case nothing(String, done: ReplayJob.Standing?)
      case standing(ReplayJob.Standing)
    }

    func make() throws -> Decision {
      let isDry = values[ReplaySettings.dryRun]
      do {
        guard var from = ReplayBound(values[ReplaySettings.from]), let to = ReplayBound(values[ReplaySettings.to]) else {
          throw WorkerError(.usage, "--from and --to: \(ReplayBound.expected)")
        }
        if !values[ReplaySettings.restart], let standing = try job.standing() {
          let goesOn = standing.isDone && values[ReplaySettings.fromDeadLetter]
          guard goesOn else {
            return standing.isDone && !isDry
              ? .nothing("job \(job.name) is done; --restart begins it again, --job NAME another one", done: standing)
              : .standing(standing)
          }
          // What was dead-lettered again lies behind, and is not to be met twice.
          from = .offsets(after: standing.range)
        }
        let range = try job.range(from: from, to: to)
        if range.count == 0 {
          return .nothing("nothing to replay: \(job.topics.joined(separator: ", ")) holds no record in this range", done: nil)
        }
        if isDry { return .standing(.init(range: range, committed: [:])) }
        return .standing(try begin(range))
      } catch let error as KafkaError {
        throw WorkerError.kafka(error)
      }
    }

    private func begin(_ range: ReplayRange) throws -> ReplayJob.Standing {
      do throws(KafkaError) {
        try job.begin(range)
        return ReplayJob.Standing(range: range, committed: [:])
      } catch {
        guard error.isStaleGroupMember else { throw WorkerError.kafka(error) }
        // Another process of the job was quicker.
        if !values[ReplaySettings.restart], let standing = try job.standing() { return standing }
        throw WorkerError(
          .usage, "job \(job.name) has processes that run, or ended less than session.timeout.ms ago: stop them before --restart")
      }
    }
  }
}
