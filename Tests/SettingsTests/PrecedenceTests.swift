import Settings
import Testing

@Suite struct PrecedenceTests {
  /// Every combination of the three sources: the highest that gives a value wins, and is named.
  @Test(arguments: 0..<8)
  func theHighestSourceWins(combination: Int) throws {
    let hasFile = combination & 1 != 0
    let hasVariable = combination & 2 != 0
    let hasFlag = combination & 4 != 0
    let values = try Fixture.run(
      hasFlag ? ["--max-tokens", "3000"] : [], environment: hasVariable ? ["SENTIMENT_BATCH_MAX_TOKENS": "2000"] : [:],
      yaml: hasFile ? "batch:\n  max-tokens: 1000\n" : nil)
    let (value, source): (Int, SettingSource) =
      if hasFlag {
        (3000, .flag("--max-tokens"))
      } else if hasVariable {
        (2000, .environment("SENTIMENT_BATCH_MAX_TOKENS"))
      } else if hasFile {
        (1000, .file(path: "worker.yaml", line: 2, column: 3))
      } else {
        (4096, .default)
      }
    #expect(values[Fixture.maxTokens] == value)
    #expect(values.source(of: Fixture.maxTokens) == source)
  }

  @Test func passThroughEntriesOverrideOneByOne() throws {
    let values = try Fixture.run(
      ["--kafka", "debug=flag", "--kafka=client.id=a=b"],
      environment: ["SENTIMENT_KAFKA_DEBUG": "env", "SENTIMENT_KAFKA_SASL_USERNAME": "env"],
      yaml: "kafka: {debug: file, sasl: {username: file, mechanism: PLAIN}, linger.ms: 5}")
    #expect(
      values[Fixture.properties] == [
        "debug": "flag", "client.id": "a=b", "sasl.username": "env", "sasl.mechanism": "PLAIN", "linger.ms": "5",
      ])
    #expect(values.source(of: Fixture.properties, entry: "debug") == .flag("--kafka debug"))
    #expect(values.source(of: Fixture.properties, entry: "sasl.username") == .environment("SENTIMENT_KAFKA_SASL_USERNAME"))
    #expect(values.source(of: Fixture.properties, entry: "linger.ms").description == "worker.yaml:1:64")
  }

  @Test func allTypesFromAFile() throws {
    let values = try Fixture.run(
      yaml: """
        kafka:
          brokers: [a:1, "b,c:2"]
        input: {format: json, text-pointer: ""}
        batch.max-wait: 1s
        batch: {max-bytes: 2MiB}
        model:
          lanes: 3
          threshold: 0.75
        stats: {enabled: off}
        """)
    #expect(values[Fixture.brokers] == ["a:1", "b,c:2"])
    #expect(values[Fixture.format] == .json)
    #expect(values[Fixture.pointer] == "")
    #expect(values[Fixture.maxWait] == .seconds(1))
    #expect(values[Fixture.maxBytes] == .mebibytes(2))
    #expect(values[Fixture.lanes] == 3)
    #expect(values[Fixture.threshold] == 0.75)
    #expect(values[Fixture.stats] == false)
  }

  @Test func theFileIsNamedByFlagOrVariable() throws {
    let files = ["a.yaml": "model.lanes: 1", "b.yaml": "model.lanes: 2"]
    let both = try Fixture.run(["--config", "a.yaml"], environment: ["SENTIMENT_CONFIG": "b.yaml"], files: files)
    #expect(both[Fixture.lanes] == 1)
    #expect(try Fixture.run(environment: ["SENTIMENT_CONFIG": "b.yaml"], files: files)[Fixture.lanes] == 2)
    #expect(try Fixture.run(environment: ["SENTIMENT_CONFIG": ""])[Fixture.lanes] == nil)
    #expect(Fixture.problems(["--config", "no.yaml"]) == ["--config: cannot read \"no.yaml\": No such file or directory"])
    #expect(
      Fixture.problems(environment: ["SENTIMENT_CONFIG": "no.yaml"])
        == ["SENTIMENT_CONFIG: cannot read \"no.yaml\": No such file or directory"])
  }

  @Test(arguments: ["model:\n  lanes:\n", "model: {lanes: null}", "model.lanes: ~", "model:", "kafka: {sasl.password: }"])
  func nullCountsAsNotSet(yaml: String) throws {
    let values = try Fixture.run(yaml: yaml)
    #expect(values[Fixture.lanes] == nil)
    #expect(values.source(of: Fixture.lanes) == .default)
    #expect(values[Fixture.properties].isEmpty)
  }

  @Test func withReplacesAValue() {
    let values = Fixture.table.defaults.with(Fixture.lanes, 7)
    #expect(values[Fixture.lanes] == 7)
    #expect(Fixture.table.defaults[Fixture.lanes] == nil)
  }
}
