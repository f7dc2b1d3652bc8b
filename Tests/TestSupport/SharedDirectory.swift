import Foundation

/// The reference data that lies beside the package, where a machine has it: `SENTIMENT_SHARED_DIR`, or `../shared` from the
/// package's root.
public enum SharedDirectory {
  public static let packageRoot = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  public static let url =
    ProcessInfo.processInfo.environment["SENTIMENT_SHARED_DIR"].map { URL(fileURLWithPath: $0, isDirectory: true) }
    ?? packageRoot.deletingLastPathComponent().appendingPathComponent("shared", isDirectory: true)

  public static func file(_ path: String) -> URL { url.appendingPathComponent(path) }

  /// For `.enabled(if:)`.
  public static func has(_ path: String) -> Bool { FileManager.default.fileExists(atPath: file(path).path) }

  /// The model that the package bundles.
  public static let bundledModel = packageRoot.appendingPathComponent("Sources/SentimentWorker/Resources/imdb-minilm-l6")
}
