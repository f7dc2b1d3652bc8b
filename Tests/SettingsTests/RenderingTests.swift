import Settings
import Testing

@Suite struct RenderingTests {
  @Test func theDeclarationIsSound() {
    #expect(Fixture.program.problems() == [])
  }

  @Test func unsoundDeclarations() {
    let one = Setting<Int>("a.one", flag: "one", default: 5, allowed: .range(1...3), summary: "One.")
    let same = Setting<Int>("a.one", flag: "one", default: 1, summary: "")
    let odd = Setting<Int>("A_b", flag: "Odd", default: 1, summary: "Odd.", requiredBy: ["fly"])
    let taken = Setting<String>("config", flag: "config", default: "", summary: "Taken.")
    let clash = Setting<String>("a-one", default: "", summary: "Clash.")
    let table = SettingsTable(environmentPrefix: "X_", groups: [.init("a", summary: "A.", [one, same, odd, taken, clash])])
    let stray = Setting<Int>("stray", flag: "stray", default: 1, summary: "Stray.")
    let program = ProgramSpecification(
      "x", summary: "x.",
      commands: [
        CommandSpecification("go", summary: "Go.", examples: [.init("x go --fast", "Fast.")], settings: [taken, stray, clash]),
        CommandSpecification("go", summary: "Again."),
      ], table: table)
    let problems = program.problems()
    for expected in [
      "the default of \"a.one\" is not a whole number from 1 to 3", "key \"a.one\" is declared twice",
      "variable X_A_ONE of \"a.one\" is taken", "flag \"--one\" is declared twice", "\"a.one\" has no summary",
      "key \"A_b\": use lower-case words with \"-\" and \".\"", "flag \"--Odd\": use lower-case words with \"-\"",
      "variable X_CONFIG of \"config\" is taken", "variable X_A_ONE of \"a-one\" is taken",
      "go: flag \"--config\" has two meanings",
      "go: \"stray\" is not in the table", "go: \"a-one\" has no flag", "command \"go\" is declared twice",
      "\"A_b\" is required by \"fly\", which is no command", "go: an example shows --fast, which is no flag of it",
    ] {
      #expect(problems.contains(expected), "missing: \(expected)")
    }
  }

  @Test func theReferenceFileChangesNothing() throws {
    let yaml = Fixture.table.referenceYAML(title: "Settings of the test program.")
    let values = try Fixture.run(yaml: yaml)
    func texts(_ values: SettingValues) -> [String] {
      values.effective().filter { $0.key != "kafka.input-topic" }.map { "\($0.key) = \($0.value)" }
    }
    #expect(texts(values) == texts(Fixture.table.defaults))
    // The defaults really come from the file where it can hold them.
    #expect(values.source(of: Fixture.maxTokens).description.hasPrefix("worker.yaml:"))
    #expect(yaml.split(separator: "\n").allSatisfy { $0.count <= 100 })
    for row in Fixture.table.groups.flatMap(\.settings).map(\.row) where !row.isHidden && !row.isCommandLineOnly {
      #expect(yaml.contains(row.key.split(separator: ".").last ?? ""))
      #expect(yaml.contains(row.summary))
    }
    #expect(!yaml.contains("hook"))
    #expect(!yaml.contains("classify"))
  }

  /// Every line in a comment that shows a key is a line that works.
  @Test func commentedKeysOfTheReferenceFileWork() throws {
    let shown = Fixture.table.referenceYAML(title: "Test.").replacing("  # input-topic:", with: "  input-topic:")
      .replacing("  # lanes:", with: "  lanes:").replacing("  # sasl.mechanism:", with: "  sasl.mechanism:")
      .replacing("  # sasl.password_FILE:", with: "  sasl.password_FILE:").replacing("  # token_FILE:", with: "  token_FILE:")
    let values = try Fixture.run(yaml: shown, files: ["/run/secrets/kafka": "p", "/run/secrets/kafka.token": "t"])
    #expect(values[Fixture.lanes] == 4)
    #expect(values[Fixture.token] == "t")
    #expect(values[Fixture.properties] == ["sasl.mechanism": "PLAIN", "sasl.password": "p"])
  }

  @Test(arguments: [40, 80, 100])
  func helpFitsTheWidth(width: Int) {
    var texts = [Fixture.program.help(width: width)]
    for command in Fixture.program.commands { texts.append(Fixture.program.help(for: command, width: width)) }
    for line in texts.joined().split(separator: "\n") where !line.contains("sentiment-worker") && line.count > width {
      // Only a single long word may stick out.
      #expect(line.split(separator: " ").count == 1, "\(line)")
    }
  }

  @Test func helpOfACommand() {
    let help = Fixture.program.help(for: Fixture.program.commands[0], width: 80)
    #expect(
      help.hasPrefix(
        """
        Usage: sentiment-worker run [OPTIONS]

        Consume, label, produce, for ever.

        Stops on SIGTERM after what is in flight is done.

        Examples:
          sentiment-worker run --brokers kafka:9092 --input-topic reviews
              Label a topic.

        Kafka: Brokers and topics.
          -b, --brokers HOST:PORT,…
              Brokers to start from. [default: localhost:9092; repeatable, or
              comma-separated; SENTIMENT_KAFKA_BROKERS]
          --input-topic TOPIC
              Topic to read reviews from. [required; SENTIMENT_KAFKA_INPUT_TOPIC]

        """))
    #expect(help.contains("Tokens in a batch. [from 512 to 65536 tokens; default: 4096;\n"))
    #expect(help.contains("  --[no-]stats\n"))
    #expect(help.contains("  --format text|json\n"))
    #expect(!help.contains("hook"))
  }

  @Test func effectiveRenderings() throws {
    let values = try Fixture.run(["--kafka", "client.id=a\"b\nc", "--stats=no", "-b", "a:1,b:2"])
    #expect(
      values.effectiveJSON() == """
        {"kafka.brokers":["a:1", "b:2"],"kafka.input-topic":"reviews","kafka.token":null,"kafka.pin":null,\
        "kafka.client.id":"a\\"b\\nc","input.format":"text","input.text-pointer":"/text","batch.max-tokens":4096,\
        "batch.max-wait":"5ms","batch.max-bytes":"64MiB","model.lanes":null,"model.path":"","model.threshold":0.5,\
        "stats.enabled":false}
        """)
    // What it prints as YAML is a file that gives the same settings again.
    let again = try Fixture.run(yaml: values.effectiveYAML())
    #expect(again.effectiveJSON() == values.effectiveJSON())
  }
}
