import Foundation
import TestSupport
import Testing

/// Kafka's own tools, for what clients cannot change: deleted topics, rights. They are there where the real Kafka of the tests
/// was started by the shared directory's `kafka`.
enum KafkaTools {
  /// Runs `kafka tool DIR NAME ARGUMENTS` and waits for its end.
  static func run(_ name: String, _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
    let directory = try #require(directory, sourceLocation: sourceLocation)
    let tool = try WorkerProcess(["tool", directory.path, name] + arguments, executable: script)
    let finished = try tool.finished()
    try #require(finished.exit == .status(0), "\(finished.everything)", sourceLocation: sourceLocation)
  }

  static var isThere: Bool { directory != nil && FileManager.default.fileExists(atPath: script.path) }

  static let script = SharedDirectory.file("kafka/kafka")
  /// The cluster's own: the certificate authority lies in its folder `tls`.
  private static let directory: URL? = RealKafka.certificateAuthority.flatMap { path in
    let directory = URL(fileURLWithPath: path).deletingLastPathComponent().deletingLastPathComponent()
    return FileManager.default.fileExists(atPath: directory.appendingPathComponent("port").path) ? directory : nil
  }
}
