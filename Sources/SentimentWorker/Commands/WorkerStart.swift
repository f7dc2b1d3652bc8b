import DistilBERT
import Foundation
import Kafka
import Settings
import Telemetry

/// What `run` and `replay` do alike before their worker begins.
struct WorkerStart {
  let values: SettingValues
  let log: Logger

  func logSettings(_ options: WorkerOptions) {
    log.info("starting", Versions.metadata)
    for warning in LibraryVersion.warnings(for: options.consumer) { log.warning(warning) }
    var settings: LogMetadata = [:]
    for setting in values.effective() { settings[setting.key] = "\(setting.value)" }
    settings[WorkerSettings.deadLetterTopic.row.key] = "\(options.deadLetterTopic)"
    log.info("settings in force", settings)
  }

  /// The transactional id, where there are transactions. It is to be held to the end: its slot is nobody else's meanwhile.
  func takeIdentity(for options: inout WorkerOptions) throws(WorkerError) -> TransactionalID? {
    guard let identity = try TransactionalID.take(values, group: options.consumer["group.id"] ?? "") else { return nil }
    options.producer["transactional.id"] = identity.text
    log.info("exactly once, in transactions", ["transactional_id": "\(identity.text)"])
    if let remark = identity.remark { log.warning("\(remark)") }
    return identity
  }

  func loadModel(lanes: Int) throws -> any LabellingModel {
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
        "seconds": "\(Self.rounded(Duration(nanoseconds: MonotonicClock.now - started).inSeconds))",
      ])
    if model.identity.precision == Precision.f32.rawValue { log.info("\(Int8Gain.remark)") }
    return model
  }

  /// How labels are watched, with the baseline that was kept.
  /// - Throws: `WorkerError` of kind `usage` for a file that is no baseline.
  func drift(of model: any LabellingModel) throws(WorkerError) -> DriftOptions? {
    guard let limits = DriftSettings.limits(values) else { return nil }
    var options = DriftOptions(limits: limits)
    guard let path = values[DriftSettings.file] else { return options }
    let file = DriftBaselineFile(path: path)
    options.file = file
    switch try file.read(for: model.identity, labels: model.labels) {
    case .baseline(let baseline):
      options.baseline = baseline
      log.info("labels are compared with a baseline that was kept", ["file": "\(path)", "records": .integer(baseline.records)])
    case .nothing: log.info("a baseline of labels begins, to be kept", ["file": "\(path)"])
    case .ofAnotherModel(let other):
      log.warning(
        "the baseline that was kept is of another model: a new one begins, and takes its place when it is complete",
        ["file": "\(path)", "model": "\(other)"])
    }
    return options
  }

  func logEnd(_ summary: StatsLine) {
    log.info(
      "stopped",
      [
        "labelled": .integer(summary.now.resolved.labelled), "dead_lettered": .integer(summary.now.resolved.deadLettered),
        "passed_through": .integer(summary.now.resolved.passedThrough), "seconds": "\(Self.rounded(summary.uptime.inSeconds))",
      ])
  }

  /// Where stats lines go that are to be in a file.
  func statsFile(_ path: String) throws -> BackgroundLineOutput {
    if !FileManager.default.fileExists(atPath: path) { _ = FileManager.default.createFile(atPath: path, contents: nil) }
    guard let handle = FileHandle(forWritingAtPath: path) else {
      throw WorkerError(.usage, "stats.file: \(path) cannot be opened for writing")
    }
    try handle.seekToEnd()
    let output = LineOutput(descriptor: handle.fileDescriptor)
    // The handle is captured so that its descriptor stays open.
    return BackgroundLineOutput(LineOutput { line in withExtendedLifetime(handle) { output.write(line) } })
  }

  static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
