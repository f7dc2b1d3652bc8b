import DistilBERT
import Foundation
import Kafka
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
    let stats = try statsOutput()
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
    logStart(log, options)
    // Held to the end: its slot is nobody else's meanwhile.
    let identity = try TransactionalID.take(values)
    defer { withExtendedLifetime(identity) {} }
    if let identity {
      options.producer["transactional.id"] = identity.text
      log.info("exactly once, in transactions", ["transactional_id": "\(identity.text)"])
      if let remark = identity.remark { log.warning("\(remark)") }
    }
    let started = MonotonicClock.now
    let model = try ModelLoading.load(values)
    for remark in model.remarks { log.warning("\(remark)") }
    log.info(
      "model loaded",
      [
        "model": "\(model.identity.name)", "fingerprint": "\(model.identity.fingerprint)",
        "precision": "\(model.identity.precision)", "kernels": "\(model.identity.kernels)",
        "labels": "\(model.labels.joined(separator: ", "))", "max_tokens": .integer(model.maximumTokens),
        "lanes": .integer(lanes), "threads_per_lane": .integer(values[WorkerSettings.threadsPerLane]),
        "seconds": "\(seconds(since: started))",
      ])
    if model.identity.precision == Precision.f32.rawValue { log.info("\(Int8Gain.remark)") }
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
    log.info(
      "stopped",
      [
        "labelled": .integer(summary.now.resolved.labelled), "dead_lettered": .integer(summary.now.resolved.deadLettered),
        "passed_through": .integer(summary.now.resolved.passedThrough), "seconds": "\(rounded(summary.uptime.inSeconds))",
      ])
    return ExitStatus.success
  }

  private func listen(_ status: StatusServer, _ log: Logger) throws(WorkerError) -> HTTPListener? {
    guard let address = HTTPSettings.address(values) else { return nil }
    let listener = try status.listen(at: address)
    log.info("metrics and probes", ["metrics": "http://\(listener.address)/metrics"])
    return listener
  }

  private func logStart(_ log: Logger, _ options: WorkerOptions) {
    log.info("starting", Versions.metadata)
    for warning in LibraryVersion.warnings(for: options.consumer) { log.warning(warning) }
    var settings: LogMetadata = [:]
    for setting in values.effective() { settings[setting.key] = "\(setting.value)" }
    settings[WorkerSettings.deadLetterTopic.row.key] = "\(options.deadLetterTopic)"
    log.info("settings in force", settings)
  }

  private func statsOutput() throws -> BackgroundLineOutput {
    let file = values[WorkerSettings.statsFile]
    guard file != "-" else { return BackgroundLineOutput(.standardOutput) }
    if !FileManager.default.fileExists(atPath: file) { _ = FileManager.default.createFile(atPath: file, contents: nil) }
    guard let handle = FileHandle(forWritingAtPath: file) else {
      throw WorkerError(.usage, "stats.file: \(file) cannot be opened for writing")
    }
    try handle.seekToEnd()
    let output = LineOutput(descriptor: handle.fileDescriptor)
    // The handle is captured so that its descriptor stays open.
    return BackgroundLineOutput(LineOutput { line in withExtendedLifetime(handle) { output.write(line) } })
  }

  private func seconds(since start: Nanoseconds) -> Double {
    rounded(Duration(nanoseconds: MonotonicClock.now - start).inSeconds)
  }
  private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
