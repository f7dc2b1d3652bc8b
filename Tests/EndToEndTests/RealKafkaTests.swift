import Foundation
import Kafka
import Testing

/// What only a real Apache Kafka can show: topics that are missing, logins, certificates. The tests that run on both
/// brokers are where their subjects are.
@Suite(
  .enabled(
    if: RealKafka.servers != nil, "SENTIMENT_TEST_KAFKA names no real Kafka: the tests for both ran on the embedded broker only"))
struct RealKafkaTests {
  @Test("a missing topic is one message with what to do")
  func missingTopic() throws {
    try Stage.play(on: .real) { stage in
      let missing = stage.input + "-missing"
      let run = try Program.run(
        [
          "run", "--brokers", stage.servers, "--group", stage.group, "--input-topic", missing, "--output-topic", stage.output,
          "--dead-letter-topic", stage.deadLetter,
        ], environment: constantLabel)
      #expect(run.exit == .status(9))
      let message = try run.onlyMessage()
      #expect(message.contains(missing) && message.contains("does not exist") && message.contains("kafka-topics.sh"))

      let check = try Program.run(
        [
          "check", "--brokers", stage.servers, "--input-topic", missing, "--output-topic", stage.output, "--dead-letter-topic",
          stage.deadLetter,
        ], environment: constantLabel)
      #expect(check.exit == .status(1))
      #expect(check.output.contains { $0.hasPrefix("FAILED") && $0.contains(missing) })
      #expect(check.output.contains { $0.hasPrefix("ok") && $0.contains("brokers") })
      #expect(check.output.contains { $0.hasPrefix("ok") && $0.contains("model") })
    }
  }
}

/// The listener with TLS and SASL.
@Suite(.enabled(if: RealKafka.isSecureThere, "SENTIMENT_TEST_KAFKA_SECURE and SENTIMENT_TEST_KAFKA_CA name no secure listener"))
struct LoginTests {
  private static let password = "worker-secret"

  /// A command line of `check` or `run` that logs in by SASL PLAIN over TLS.
  private func login(
    _ stage: Stage, _ command: String, mechanism: String = "PLAIN", user: String = "worker",
    certificateAuthority: String? = RealKafka.certificateAuthority
  )
    -> [String]
  {
    var arguments = [
      command, "--brokers", RealKafka.secureServers ?? "", "--group", stage.group, "--input-topic", stage.input, "--output-topic",
      stage.output, "--dead-letter-topic", stage.deadLetter, "--kafka", "security.protocol=SASL_SSL", "--kafka",
      "sasl.mechanism=\(mechanism)", "--kafka", "sasl.username=\(user)",
    ]
    if let certificateAuthority { arguments += ["--kafka", "ssl.ca.location=\(certificateAuthority)"] }
    return arguments
  }

  private func environment(_ password: String) -> [String: String] {
    constantLabel.merging(["SENTIMENT_KAFKA_SASL_PASSWORD": password]) { $1 }
  }

  @Test("the right password, from the environment or a file, lets records through; it is never printed")
  func rightPassword() throws {
    try withTemporaryDirectory { directory in
      let file = directory.appendingPathComponent("password")
      try Data((Self.password + "\n").utf8).write(to: file)
      try Stage.play(on: .real) { stage in
        let check = try Program.run(
          login(stage, "check"), environment: constantLabel.merging(["SENTIMENT_KAFKA_SASL_PASSWORD_FILE": file.path]) { $1 })
        #expect(check.exit == .status(0), "\(check.everything)")
        #expect(!check.everything.contains(Self.password))

        let sent = try stage.feed(Message.reviews(50))
        let worker = try WorkerProcess(login(stage, "run"), environment: environment(Self.password))
        defer { worker.kill() }
        try stage.reader().read(count: sent.count)
        worker.send(SIGTERM)
        let run = try worker.finished()
        #expect(run.exit == .status(0))
        #expect(!run.everything.contains(Self.password))
        #expect(run.everything.contains("sasl.password"), "that it was given is said")
      }
    }
  }

  @Test("a wrong password is one message that does not print it")
  func wrongPassword() throws {
    try Stage.play(on: .real) { stage in
      let run = try Program.run(login(stage, "run"), environment: environment("wrong-password-42"))
      #expect(run.exit == .status(10))
      let message = try run.onlyMessage()
      #expect(message.lowercased().contains("authentication"))
      #expect(message.contains("sasl.username"), "\(message)")
      #expect(!run.everything.contains("wrong-password-42"))
    }
  }

  @Test("a certificate of an unknown authority is one message")
  func untrustedCertificate() throws {
    try Stage.play(on: .real) { stage in
      let run = try Program.run(login(stage, "run", certificateAuthority: nil), environment: environment(Self.password))
      #expect(run.exit == .status(4))
      let message = try run.onlyMessage()
      #expect(message.contains("ssl.ca.location"), "\(message)")
      #expect(!run.everything.contains(Self.password))
    }
  }

  @Test("SCRAM, which this librdkafka cannot do with brokers of today, is explained")
  func scram() throws {
    guard LibraryVersion.number < LibraryVersion.Number(2, 6, 1) else { return }
    try Stage.play(on: .real) { stage in
      let run = try Program.run(login(stage, "run", mechanism: "SCRAM-SHA-512"), environment: environment(Self.password))
      #expect(run.exit == .status(10))
      let message = try run.onlyMessage()
      #expect(message.contains("SCRAM") && message.contains("2.6.1"), "\(message)")
      #expect(!run.everything.contains(Self.password))
    }
  }

  @Test("a user without rights is told which topics and how to allow them")
  func withoutRights() throws {
    try Stage.play(on: .real) { stage in
      let run = try Program.run(login(stage, "run", user: "guest"), environment: environment("guest-secret"))
      #expect(run.exit == .status(10))
      let message = try run.onlyMessage()
      for topic in [stage.input, stage.output, stage.deadLetter] { #expect(message.contains(topic), "\(message)") }
      #expect(message.contains("kafka-acls.sh"), "\(message)")
    }
  }
}
