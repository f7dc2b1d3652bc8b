import Settings
import TestSupport
import Testing

@Suite struct SecretTests {
  @Test func filesHoldSecrets() throws {
    let files = ["/run/a": "secret-a\n", "/run/b": "secret\nb\r\n", "/run/c": "no-newline", "/run/pin": "1234\n"]
    let values = try Fixture.run(
      ["--kafka", "ssl.key.password_FILE=/run/c"],
      environment: ["SENTIMENT_KAFKA_TOKEN_FILE": "/run/a", "SENTIMENT_KAFKA_SASL_PASSWORD_FILE": "/run/b"],
      yaml: "kafka: {pin_FILE: /run/pin}", files: files)
    #expect(values[Fixture.token] == "secret-a")
    #expect(values[Fixture.pin] == 1234)
    #expect(values[Fixture.properties] == ["sasl.password": "secret\nb", "ssl.key.password": "no-newline"])
    #expect(values.source(of: Fixture.token) == .environment("SENTIMENT_KAFKA_TOKEN_FILE"))
    // The lower source is overridden, so its file need not exist.
    let overridden = try Fixture.run(environment: ["SENTIMENT_KAFKA_TOKEN": "x"], yaml: "kafka: {token_FILE: /nowhere}")
    #expect(overridden[Fixture.token] == "x")
  }

  @Test func problemsNameTheFile() {
    #expect(
      Fixture.problems(environment: ["SENTIMENT_KAFKA_TOKEN_FILE": "/run/x"])
        == ["SENTIMENT_KAFKA_TOKEN_FILE: cannot read the file \"/run/x\" for \"kafka.token\": No such file or directory"])
    #expect(
      Fixture.problems(environment: ["SENTIMENT_KAFKA_TOKEN_FILE": "/run/x"], files: ["/run/x": "\n"])
        == ["SENTIMENT_KAFKA_TOKEN_FILE: the file \"/run/x\" for \"kafka.token\" is empty"])
    #expect(
      Fixture.problems(yaml: "kafka: {pin_FILE: /run/x}", files: ["/run/x": "12345"])
        == ["worker.yaml:1:9: the value (not shown) is no value for \"kafka.pin\"; expected a whole number from 1000 to 9999"])
    let both = ["SENTIMENT_KAFKA_TOKEN_FILE": "/run/x", "SENTIMENT_KAFKA_TOKEN": "x"]
    let problems = Fixture.problems(environment: both, files: ["/run/x": "y"])
    #expect(problems.count == 1 && problems[0].contains("keep one of them"), "\(problems)")
  }

  @Test func effectiveSettingsHideThem() throws {
    let values = try Fixture.run(
      ["--token", "hunter2", "--kafka", "sasl.password=hunter2", "--kafka", "sasl.username=me", "--lanes", "2"])
    #expect(values[Fixture.token] == "hunter2")
    let lines = values.effective().map(\.description)
    #expect(lines.contains("kafka.token = (redacted) (--token)"))
    #expect(lines.contains("kafka.sasl.password = (redacted) (--kafka sasl.password)"))
    #expect(lines.contains("kafka.sasl.username = me (--kafka sasl.username)"))
    #expect(lines.contains("model.lanes = 2 (--lanes)"))
    #expect(lines.contains("kafka.pin =  (default)"))
  }

  @Test func aFlagBeforeTheCommandIsShownWithoutItsValue() throws {
    for flag in ["--token=hunter2", "--token=\u{338}hunter2"] {
      let error = try #require(throws: SettingsError.self) { try Fixture.parse([flag, "run"]) }
      #expect(!error.description.contains("hunter2"))
    }
  }

  /// Puts a random secret into every place where one may go, rightly and wrongly, among random mistakes; whatever comes
  /// out does not hold it.
  @Test func noOutputHoldsASecret() {
    var random = SeededRandom(seed: 7)
    var failures = 0
    for round in 0..<3000 {
      let letters = Array("abcdefghjkmnpqrstuvwxyzABCDEFGHJK23456789")
      let secret = "S3c" + String((0..<12).compactMap { _ in letters.randomElement(using: &random) })
      let yamls = [
        "kafka: {sasl.password: \(secret)}", "kafka: {sasl: {password: \(secret)}}",
        "kafka: {sasl.password: {\(secret.count): \(secret)}}",
        "kafka: {sasl.password: [\(secret)]}", "kafka.token: \(secret)", "kafka: {token: [\(secret)]}", "kafka: {pin: \(secret)}",
        "kafka: {sasl.password:\(secret)}", "kafka:\n  sasl.password \(secret)", "kafka:\n  sasl.password: \"\(secret)",
        "kafka:\n\tsasl.password: \(secret)", "kafka: {token: !x \(secret)}", "kafka: sasl.password=\(secret)",
        "kafak: {sasl.password: \(secret)}", "kafka.token: \(secret)\nkafka.token: \(secret)", "kafka.tokn:\(secret): x",
        "kafka: {pin: {a: \(secret)}}", "kafka: {token_FILE: /run/s}", "model.lanes: 0",
      ]
      let flagLists = [
        ["--token", secret], ["--token=\(secret)"], ["--tokn", secret], ["--tokn=\(secret)"],
        ["--kafka", "sasl.password=\(secret)"],
        ["--kafka=sasl.password:\(secret)"], ["--kafka", "sasl.password", "=", secret], ["--kafka", "sasl.password \(secret)"],
        ["--kafak", "sasl.password=\(secret)"], ["--token", "one", secret], ["--kafka", "sasl.password=one", secret],
        ["-t", secret], ["-t\(" ")\(secret)"], ["--no-stats=\(secret)"], ["--token", "--\(secret)"], ["--tokn", "-\(secret)"],
        ["-p\(secret)"], ["--token=\u{338}\(secret)"],
        ["--kafka", "sasl.password=\u{338}\(secret)"], ["--tokn=\u{338}\(secret)"], ["--lanes", "0"],
      ]
      let environments: [[String: String]] = [
        ["SENTIMENT_KAFKA_TOKEN": secret], ["SENTIMENT_KAFKA_PIN": secret], ["SENTIMENT_KAFKA_SASL_PASSWORD": secret],
        ["SENTIMENT_KAFKA_TOKEN_FILE": "/run/s"], ["SENTIMENT_KAFKA_PIN_FILE": "/run/s"], ["SENTIMENT_KAFAK_TOKEN": secret],
        ["SENTIMENT_TOKEN": secret], ["SENTIMENT_KAFKA_SASL_PASSWORD_FILE": "/run/s"], ["SENTIMENT_MODEL_LANES": "0"],
      ]
      let yaml = yamls[round % yamls.count]
      let flags = flagLists.randomElement(using: &random) ?? []
      let environment = environments.randomElement(using: &random) ?? [:]
      do {
        let values = try Fixture.run(flags, environment: environment, yaml: yaml, files: ["/run/s": secret])
        var printed = values.effective().map(\.description).joined() + values.effectiveJSON() + values.effectiveYAML()
        dump(Invocation.run(command: "run", values: values, arguments: []), to: &printed)
        printed += "\(values) \(String(reflecting: values)) \(Invocation.run(command: "run", values: values, arguments: []))"
        #expect(!printed.contains(secret), "\(flags) \(environment) \(yaml)")
      } catch {
        failures += 1
        let printed = "\(error) \(String(reflecting: error))"
        #expect(!printed.contains(secret), "\(error)")
      }
    }
    #expect(failures > 1000)
  }
}
