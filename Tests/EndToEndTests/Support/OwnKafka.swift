import Foundation
import TestSupport
import Testing

/// An Apache Kafka of one broker that a test starts for itself, because it breaks it. There, like its tools, with the shared
/// directory's `kafka`.
final class OwnKafka {
  let servers: String
  private let directory: URL
  private let log: URL

  static var isThere: Bool { FileManager.default.isExecutableFile(atPath: KafkaTools.script.path) }

  init() throws {
    directory = FileManager.default.temporaryDirectory.appendingPathComponent("own-kafka-\(UUID().uuidString)")
    log = directory.appendingPathExtension("log")
    // The controller listens on the port after it.
    let port = try StatusPage.freePort()
    servers = "127.0.0.1:\(port)"
    try run("start", "--port", "\(port)")
  }

  deinit {
    try? run("destroy")
    try? FileManager.default.removeItem(at: log)
  }

  /// SIGSTOP: connections stay, and nothing answers.
  func pause() throws { try run("pause", "1") }
  func resume() throws { try run("resume", "1") }

  private func run(_ command: String, _ arguments: String...) throws {
    let process = try ChildProcess([KafkaTools.script.path, command, directory.path] + arguments, log: log)
    let end = process.waitForEnd(.seconds(120))
    try #require(end == .status(0), "kafka \(command): \(process.lastWords)")
  }
}
