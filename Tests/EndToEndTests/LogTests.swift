import Foundation
import Kafka
import Testing

/// What the log keeps to itself, and how much of it there is.
struct LogTests {
  /// No word of a review is anywhere in log, stats line or dead letter's headers.
  private static let secret = "Rosebud"

  @Test("no text of a review gets into the log, a stats line or a header, at any level", arguments: ["debug", "trace"])
  func secrecy(level: String) throws {
    try Stage.play { stage in
      let texts = [
        #"{"text": "\#(Self.secret) was a sled."}"#, #"{"text": "\#(Self.secret)"#, Self.secret, #"{"body": "\#(Self.secret)"}"#,
        #"{"text": ["\#(Self.secret)"]}"#, #"{"text": "half \ud83c \#(Self.secret)"}"#,
        #"{"text": "fails \#(Self.secret)"}"#, #"{"\#(Self.secret)": 1}"#,
      ]
      let sent = try stage.feed(texts.map { Message(key: Self.secret, value: $0, headers: [Header("note", Self.secret)]) })
      let worker = try stage.launch(
        ["--log-level", level],
        environment: constantLabel.merging([
          "SENTIMENT_TEST_FAIL_MARKER": "fails", "SENTIMENT_RETRY_INITIAL_BACKOFF": "1ms", "SENTIMENT_RETRY_MAX_BACKOFF": "2ms",
        ]) { $1 })
      let reader = try stage.reader()
      try reader.read(outcomesOf: sent)
      worker.send(SIGTERM)
      let run = try worker.finished()
      #expect(run.exit == .status(0))
      #expect(run.output.count + run.errors.count > 5)
      for line in run.output + run.errors { #expect(!line.contains(Self.secret), "\(line)") }
      let letters = reader.outcomes(output: stage.output).deadLetters
      #expect(letters.count == texts.count - 1)
      for header in letters.flatMap(\.headers) where header.name.hasPrefix("sentiment-") {
        #expect(header.text?.contains(Self.secret) != true, "\(header)")
      }
    }
  }

  @Test("thousands of bad records, and of failing runs, are not thousands of lines")
  func amount() throws {
    try Stage.play { stage in
      let worker = try stage.launch(
        environment: constantLabel.merging([
          "SENTIMENT_TEST_FAIL_MARKER": "fails", "SENTIMENT_RETRY_INITIAL_BACKOFF": "0ms", "SENTIMENT_RETRY_MAX_BACKOFF": "0ms",
          "SENTIMENT_LOG_LEVEL": "debug",
        ]) { $1 })
      let sent = try stage.feed(
        (0..<3000).map { Message(value: $0 % 10 == 0 ? #"{"text": "this fails"}"# : "bad \($0)") })
      let reader = try stage.reader()
      try reader.read(outcomesOf: sent)
      worker.send(SIGTERM)
      let run = try worker.finished()
      #expect(run.exit == .status(0))
      #expect(run.errors.count < 300, "\(run.errors.suffix(5))")
    }
  }
}
