import Settings
import Telemetry

/// `run`: the worker until it is told to stop.
struct RunCommand {
  let values: SettingValues
  let terminal: Terminal

  func run() throws -> Int32 {
    let output = ProgramLog(values, terminal)
    defer { output.close() }
    let log = output.logger
    let start = WorkerStart(values: values, log: log)
    let stop = StopRequest()
    let deadline = values[WorkerSettings.drainDeadline]
    // Before anything that takes time: as a container's first process, a signal that nobody handles is not there at all.
    let signals = StopSignals { signal in
      log.info(
        "stopping: finishing what is in flight, then committing and leaving the group; a second signal stops at once",
        ["signal": "\(signal)", "deadline_seconds": "\(deadline.inSeconds)"])
      stop.make()
    }
    defer { signals.cancel() }
    let file = values[WorkerSettings.statsFile]
    let stats = file == "-" ? BackgroundLineOutput(.standardOutput) : try start.statsFile(file)
    defer {
      let lost = stats.close(patience: ProgramLog.patience)
      if lost > 0 { log.warning("stats lines were lost: nobody reads them as fast as they come", ["lines": .integer(lost)]) }
    }
    let lanes = ModelLoading.lanes(values)
    var options = try WorkerOptions(values, lanes: lanes)
    // Before the model is loaded, so that probes get an answer.
    let status = StatusServer(patience: values[HTTPSettings.brokersTimeout])
    let listener = try listen(status, log)
    defer { listener?.close() }
    start.logSettings(options)
    let identity = try start.takeIdentity(for: &options)
    defer { withExtendedLifetime(identity) {} }
    let model = try start.loadModel(lanes: lanes)
    options.drift = try start.drift(of: model)
    let worker = Worker(
      options: options, model: model, log: log, noteReadiness: { status.note($0) },
      writeStats: { line in
        stats.write(line)
        status.keep(statsLine: line)
        output.writeRepeats()
      })
    status.attach(worker)
    let probe = BrokerProbe(options: options, patience: values[HTTPSettings.brokersTimeout]) { isReached in
      status.note(.brokers(reached: isReached))
    }
    // Not waited for at the end: a question to brokers that are away takes a while.
    let probing = listener.map { _ in probe.start() }
    defer { withExtendedLifetime(probing) { probe.end() } }
    stop.whenMade { worker.stop() }
    let summary = try worker.run()
    start.logEnd(summary)
    return ExitStatus.success
  }

  private func listen(_ status: StatusServer, _ log: Logger) throws(WorkerError) -> HTTPListener? {
    guard let address = HTTPSettings.address(values) else { return nil }
    let listener = try status.listen(at: address)
    log.info("metrics and probes", ["metrics": "http://\(listener.address)/metrics"])
    return listener
  }
}
