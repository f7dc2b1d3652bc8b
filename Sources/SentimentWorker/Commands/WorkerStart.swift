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
