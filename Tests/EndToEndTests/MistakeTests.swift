import Foundation
import Testing

/// What users get wrong: each is one clear message and a status of its own.
struct MistakeTests {
  /// A `run` that would work if there were a broker.
  private static let run = ["run", "--brokers", "127.0.0.1:1", "--group", "g", "--input-topic", "in", "--output-topic", "out"]
  private static let impatient = constantLabel.merging(["SENTIMENT_DELIVERY_START_TIMEOUT": "1s"]) { $1 }

  struct Mistake: CustomTestStringConvertible {
    var name: String
    var arguments: [String]
    var environment: [String: String] = constantLabel
    var status: Int32
    /// Words that the message must have.
    var words: [String]
    var testDescription: String { name }
  }

  static let mistakes: [Mistake] = [
    .init(
      name: "unreachable broker", arguments: run, environment: impatient, status: 4,
      words: ["127.0.0.1:1", "Connection refused", "check"]),
    .init(
      name: "unknown librdkafka property", arguments: run + ["--kafka", "lingr.ms=5"], status: 2, words: ["lingr.ms"]),
    .init(
      name: "impossible value of a librdkafka property", arguments: run + ["--kafka", "linger.ms=soon"], status: 2,
      words: ["linger.ms", "soon"]),
    .init(name: "unknown flag", arguments: run + ["--input-topik", "x"], status: 2, words: ["--input-topik", "--input-topic"]),
    .init(name: "unknown command", arguments: ["rum"], status: 2, words: ["rum", "run"]),
    .init(name: "value out of range", arguments: run + ["--lanes", "0"], status: 2, words: ["lanes", "0", "1"]),
    .init(name: "no such choice", arguments: run + ["--format", "xml"], status: 2, words: ["xml", "text", "json"]),
    .init(
      name: "no such variable", arguments: run, environment: ["SENTIMENT_BATCH_MAX_TOKEN": "5"], status: 2,
      words: ["SENTIMENT_BATCH_MAX_TOKEN", "SENTIMENT_BATCH_MAX_TOKENS"]),
    .init(
      name: "nothing said", arguments: ["run"], status: 2, words: ["kafka.brokers", "--brokers", "kafka.group", "input.topic"]),
    .init(
      name: "impossible combination", arguments: run + ["--format", "text", "--output-format", "enrich"], status: 2,
      words: ["output.format", "enrich", "text"]),
    .init(
      name: "one topic for two", arguments: run + ["--dead-letter-topic", "out"], status: 2,
      words: ["output.topic", "dead-letter.topic", "different"]),
    .init(
      name: "missing model directory", arguments: run + ["--model", "/nowhere/model"], environment: [:], status: 3,
      words: ["/nowhere/model"]),
    .init(
      name: "missing file of settings", arguments: run + ["--config", "/nowhere/w.yaml"], status: 2, words: ["/nowhere/w.yaml"]),
  ]

  @Test("one clear message and its status", arguments: mistakes)
  func message(mistake: Mistake) throws {
    let run = try Program.run(mistake.arguments, environment: mistake.environment)
    #expect(run.exit == .status(mistake.status), "\(run.everything)")
    let message = try run.onlyMessage()
    for word in mistake.words { #expect(message.contains(word), "\(word): \(message)") }
    #expect(!run.everything.lowercased().contains("fatal error"))
  }

  @Test("an unknown key of a file of settings is named with file, line and the nearest key")
  func unknownKey() throws {
    try withTemporaryDirectory { directory in
      let file = directory.appendingPathComponent("worker.yaml")
      try Data("kafka:\n  brokers: 127.0.0.1:1\n  group: g\ninput:\n  topik: in\noutput:\n  topic: out\n".utf8).write(to: file)
      let run = try Program.run(["run", "--config", file.path], environment: constantLabel)
      #expect(run.exit == .status(2))
      let message = try run.onlyMessage()
      #expect(message.contains("\(file.path):5"), "\(message)")
      #expect(message.contains("input.topik") && message.contains("input.topic"), "\(message)")
    }
  }

  @Test("a directory that is no model is one message")
  func noModel() throws {
    try withTemporaryDirectory { directory in
      let run = try Program.run(["classify", "text", "--model", directory.path])
      #expect(run.exit == .status(3))
      #expect(try run.onlyMessage().contains("config.json"))
    }
  }

  @Test("check goes through every step and says which fail")
  func check() throws {
    let run = try Program.run(
      ["check", "--brokers", "127.0.0.1:1", "--input-topic", "in", "--output-topic", "out"], environment: Self.impatient)
    #expect(run.exit == .status(1))
    #expect(run.output.contains { $0.hasPrefix("FAILED") && $0.contains("brokers") && $0.contains("Connection refused") })
    #expect(run.output.contains { $0.hasPrefix("ok") && $0.contains("configuration") })
    #expect(run.output.contains { $0.hasPrefix("ok") && $0.contains("model") })
  }

  @Test("secrets are never printed, however they are given")
  func secrets() throws {
    let secret = "pa55word-of-worker"
    try withTemporaryDirectory { directory in
      let file = directory.appendingPathComponent("password")
      try Data((secret + "\n").utf8).write(to: file)
      let yaml = directory.appendingPathComponent("worker.yaml")
      try Data("kafka:\n  sasl.password: \(secret)\n".utf8).write(to: yaml)
      let ways: [(arguments: [String], environment: [String: String])] = [
        ([], ["SENTIMENT_KAFKA_SASL_PASSWORD": secret]),
        ([], ["SENTIMENT_KAFKA_SASL_PASSWORD_FILE": file.path]),
        ([], ["SENTIMENT_KAFKA_SSL_KEY_PASSWORD": secret]),
        (["--kafka", "sasl.password=\(secret)"], [:]),
        (["--config", yaml.path], [:]),
        // Misspelt, so refused; and still a secret.
        ([], ["SENTIMENT_KAFKA_SASL_PASWORD": secret]),
        (["--kafka", "sasl.pasword=\(secret)"], [:]),
        (["--log-level", "trace", "--kafka", "debug=all", "--kafka", "sasl.password=\(secret)"], [:]),
      ]
      for way in ways {
        let run = try Program.run(Self.run + way.arguments, environment: Self.impatient.merging(way.environment) { $1 })
        #expect(run.exit == .status(4) || run.exit == .status(2))
        #expect(!run.everything.contains(secret), "\(way)")
      }
    }
  }
}
