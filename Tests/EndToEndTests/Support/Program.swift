import Foundation
import Testing

/// The built program under test.
enum Program {
  /// `SENTIMENT_TEST_BINARY`, such as a release build, or else the one that was built together with these tests: it lies beside
  /// their own executable.
  static let url: URL = {
    if let path = ProcessInfo.processInfo.environment["SENTIMENT_TEST_BINARY"], !path.isEmpty {
      return URL(fileURLWithPath: path)
    }
    let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    return tests.deletingLastPathComponent().appendingPathComponent("sentiment-worker")
  }()

  /// What `swift build` puts beside it: the bundled model and the sample reviews.
  static let resources = url.resolvingSymlinksInPath().deletingLastPathComponent()
    .appendingPathComponent("sentiment-worker_SentimentWorker.resources")

  /// Runs a command line that ends by itself.
  /// - Parameter input: standard input; nil for an empty one.
  static func run(
    _ arguments: [String], input: [UInt8]? = nil, environment: [String: String] = [:], within limit: Duration = patience
  ) throws -> Finished {
    let process = try WorkerProcess(arguments, environment: environment, input: input)
    return try process.finished(within: limit)
  }

  /// What a program that has ended left behind.
  struct Finished {
    let exit: WorkerProcess.Exit
    /// Lines of standard output and error.
    let output: [String]
    let errors: [String]

    /// Both streams, for looking for what must be in neither.
    var everything: String { (output + errors).joined(separator: "\n") }
  }
}

/// How long tests wait for what does happen; only a failing one waits that long.
let patience = Duration.seconds(60)

struct TimedOut: Error, CustomStringConvertible {
  let description: String
}

/// The setting that gives every review the same label, where the model does not matter.
let constantLabel = ["SENTIMENT_TEST_CONSTANT_LABEL": "Positive"]

extension Program.Finished {
  /// What the program says to its user when it gives up. Log lines, which are JSON here, may precede it; nothing may follow.
  func onlyMessage(sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
    let prefix = "sentiment-worker: "
    let starts = errors.indices.filter { errors[$0].hasPrefix(prefix) }
    try #require(starts.count == 1, "one message: \(errors)", sourceLocation: sourceLocation)
    let message = errors[starts[0]...].joined(separator: "\n").dropFirst(prefix.count)
    #expect(message.count < 1000 && !message.contains("\"level\""), "\(errors)", sourceLocation: sourceLocation)
    return String(message)
  }
}
