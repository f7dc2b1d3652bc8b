import DistilBERT
import Kafka
import Telemetry

/// What the program stands on, for `--version` and the log.
enum Versions {
  static let program = "0.1.0"

  static var text: String {
    """
    sentiment-worker \(program)
    librdkafka \(LibraryVersion.string)
    engine: \(Model.runtimeDescription)
    """
  }

  static var metadata: LogMetadata {
    ["version": "\(program)", "librdkafka": "\(LibraryVersion.string)", "engine": "\(Model.runtimeDescription)"]
  }
}
