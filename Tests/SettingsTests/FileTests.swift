import Settings
import TestSupport
import Testing

@Suite struct FileTests {
  /// Each text with the beginning of its one problem.
  @Test(arguments: [
    ("batch:\n  max-token: 5\n", "worker.yaml:2:3: unknown key \"batch.max-token\"; did you mean \"batch.max-tokens\"?"),
    ("max_tokens: 5", "worker.yaml:1:1: unknown key \"max_tokens\"; did you mean \"batch.max-tokens\"?"),
    ("modle: {lanes: 2}", "worker.yaml:1:1: unknown key \"modle\"; did you mean \"model\"?"),
    ("config: x", "worker.yaml:1:1: unknown key \"config\""),
    (
      "batch.max-tokens: many",
      "worker.yaml:1:1: \"many\" is no value for \"batch.max-tokens\"; expected a whole number from 512 to 65536 tokens"
    ),
    ("batch: {max-tokens: 5}", "worker.yaml:1:9: \"5\" is no value for \"batch.max-tokens\"; expected a whole number from 512"),
    (
      "batch: {max-wait: 1h}",
      "worker.yaml:1:9: \"1h\" is no value for \"batch.max-wait\"; expected a duration with its unit (250ms, 10s, 5m, 1h) from 0s to 10s"
    ),
    (
      "batch: {max-bytes: 3}",
      "worker.yaml:1:9: \"3\" is no value for \"batch.max-bytes\"; expected a size (64MiB, 1MB or plain bytes), at least 1KiB"
    ),
    ("input.format: xml", "worker.yaml:1:1: \"xml\" is no value for \"input.format\"; expected text or json"),
    (
      "input: {format: json, text-pointer: text}",
      "worker.yaml:1:23: \"text\" is no value for \"input.text-pointer\"; expected a JSON Pointer"
    ),
    ("model: 5", "worker.yaml:1:1: key \"model\" is a section without a value of its own; it holds model.lanes,"),
    ("kafka: [a]", "worker.yaml:1:1: key \"kafka\" is a section"),
    ("model.lanes: {a: 1}", "worker.yaml:1:1: key \"model.lanes\" takes a value, not keys under it"),
    ("model.lanes: [1]", "worker.yaml:1:1: key \"model.lanes\" takes a single value, not a list"),
    ("kafka.brokers: [a, [b]]", "worker.yaml:1:20: key \"kafka.brokers\": expected a list"),
    ("kafka.brokers: [a, ~]", "worker.yaml:1:20: key \"kafka.brokers\": expected a list"),
    ("kafka: {debug: [a]}", "worker.yaml:1:9: key \"kafka.debug\" takes a single text"),
    ("kafka: {broker: a}", "worker.yaml:1:9: unknown key \"kafka.broker\"; did you mean \"kafka.brokers\"?"),
    ("kafka: {sasl.password:hunter2}", "worker.yaml:1:9: \"kafka.sasl.password…\" is no name"),
    ("classify: {input: x}", "worker.yaml:1:1: unknown key \"classify\""),
    ("classify.input: x", "worker.yaml:1:1: \"classify.input\" is no key: it is given on the command line, as --input"),
    ("model.lanes: 1\nmodel.lanes: 2", "worker.yaml:2:1: key \"model.lanes\" is given twice, first in line 1"),
    ("model: {lanes: 1}\nmodel.lanes: 2", "worker.yaml:2:1: key \"model.lanes\" is given twice, first in line 1"),
    ("kafka: {sasl: {mechanism: a}, sasl.mechanism: b}", "worker.yaml:1:31: key \"kafka.sasl.mechanism\" is given twice"),
    ("model: {}\nmodel: {}", "worker.yaml:2:1: key \"model\" is given twice"),
    ("- a\n- b", "worker.yaml:1:1: expected keys with values"),
    ("hello", "worker.yaml:1:1: expected keys with values"),
    ("", "worker.yaml: the file is empty"),
    (" \n\n", "worker.yaml: the file is empty"),
    ("a: &x 1", "worker.yaml:1:4: anchors and aliases"),
    ("a: *x", "worker.yaml:1:4: anchors and aliases"),
    ("model: &m {lanes: 1}", "worker.yaml:1:8: anchors and aliases"),
    ("kafka.brokers: &m [a]", "worker.yaml:1:16: anchors and aliases"),
    ("model.lanes: !!int 1", "worker.yaml:1:14: tags (!) are not supported"),
    ("model: !x {lanes: 1}", "worker.yaml:1:8: tags (!) are not supported"),
    ("kafka.brokers: !!seq [a]", "worker.yaml:1:16: tags (!) are not supported"),
    ("model.lanes: 1\n---\nmodel.lanes: 2", "worker.yaml:2:1: a second document starts here"),
    ("model:\n\tlanes: 1", "worker.yaml:2:1: found character that cannot start any token; indent with blanks, not tabs"),
    ("model: {lanes: 1", "worker.yaml:2:1: did not find expected ',' or '}'"),
    ("model: \"x", "worker.yaml:1:10: found unexpected end of stream"),
    ("a: b: c", "worker.yaml:1:5: mapping values are not allowed"),
    ("? [a]\n: b", "worker.yaml:1:3: a list or mapping cannot be a key"),
    ("<<: {model.lanes: 1}", "worker.yaml:1:1: unknown key \"…\""),
    (": 1", "worker.yaml:1:1: did not find expected key"),
    ("\"\": 1", "worker.yaml:1:1: unknown key \"\""),
    ("model.lanes: \u{0}1", "worker.yaml:1:14: control characters are not allowed"),
    ("kafka: {sasl.password_FILE: /s}", "worker.yaml:1:9: cannot read the file \"/s\" for \"kafka.sasl.password\": No such file"),
    ("%TAG ! tag:x,2000:\n---\nmodel.lanes: !y 1", "worker.yaml:3:14: tags (!) are not supported"),
  ])
  func oneProblem(yaml: String, problem: String) {
    let problems = Fixture.problems(yaml: yaml)
    #expect(problems.count == 1)
    #expect(problems.first?.hasPrefix(problem) == true, "\(problems)")
  }

  @Test(arguments: [
    "# nothing yet\n", "---\n", "{}", "--- {}\n...\n", "\u{FEFF}# a mark\nmodel.lanes: 2\n", "%YAML 1.2\n---\n{}", "~",
  ])
  func harmless(yaml: String) {
    #expect(Fixture.problems(yaml: yaml).isEmpty)
  }

  @Test func bytesThatAreNotUTF8() throws {
    for bytes: [UInt8] in [
      [0x61, 0x3A, 0x0A, 0x20, 0xFF], [0xFF, 0xFE, 0x61, 0x00], [0x61, 0x0A, 0xED, 0xA0, 0x80], [0x61, 0x0A, 0xC3],
    ] {
      let error = try #require(throws: SettingsError.self) {
        try Fixture.program.parse(arguments: ["classify", "--config", "w"], environment: [:]) { _ in bytes }
      }
      #expect(error.problems.count == 1)
      #expect(error.problems[0].hasSuffix("the file is not UTF-8"), "\(error)")
    }
  }

  /// A text that would take the stack, the memory or minutes of a careless reader.
  struct Hostile: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let yaml: String
    /// A part of what is said about it; nil where it depends on libyaml.
    let problem: String?

    init(_ description: String, _ yaml: String, _ problem: String? = nil) {
      testDescription = description
      self.yaml = yaml
      self.problem = problem
    }

    static func repeated(_ piece: String, _ count: Int, _ problem: String? = nil) -> Hostile {
      Hostile("\(count) times \(piece.debugDescription)", String(repeating: piece, count: count), problem)
    }
  }

  @Test(
    .timeLimit(.minutes(1)),
    arguments: [
      .repeated("[", 100_000, "deeper than 16 levels"),
      .repeated("{a: ", 100_000, "deeper than 16 levels"),
      .repeated("- ", 100_000, "deeper than 16 levels"),
      .repeated("? ", 100_000, "cannot be a key"),
      .repeated("- ? ", 100_000, "cannot be a key"),
      .repeated("# padding\n", 200_000, "larger than 1MiB"),
      .repeated("\"", 1_000_001),
      .repeated("&a ", 300_000),
      .repeated("a: b\n", 200_000, "more than 20000 values"),
      .repeated("--- a\n", 150_000, "second document"),
      Hostile("a long list", "kafka.brokers: [" + String(repeating: "x,", count: 500_000) + "]", "more than 20000 values"),
      Hostile("a long key", "kafka: {? " + String(repeating: "k", count: 900_000) + " : 1}", "longer than 128 bytes"),
      Hostile("a long value", "model.lanes: " + String(repeating: "k", count: 1_000_000), "is no value"),
      Hostile("many unknown keys", (0..<15_000).map { "unknown\($0): 1\n" }.joined(), "unknown key"),
    ] as [Hostile])
  func hostile(_ file: Hostile) throws {
    let error = try #require(throws: SettingsError.self) { try Fixture.run(yaml: file.yaml) }
    if let problem = file.problem { #expect(error.problems.contains { $0.contains(problem) }, "\(error.problems.prefix(3))") }
    #expect(error.description.utf8.count < 10_000)
  }

  @Test func allProblemsAtOnce() throws {
    let error = try #require(throws: SettingsError.self) {
      try Fixture.parse(
        ["run", "--lanes", "0", "--nope", "--config", "w"],
        environment: ["SENTIMENT_STATS_ENABLED": "maybe", "SENTIMENT_MODEL_LANE": "1"],
        files: ["w": "a: 1\nbatch.max-tokens: x\n"])
    }
    #expect(
      error.problems == [
        "unknown flag \"--nope\"",
        "w:1:1: unknown key \"a\"",
        "unknown environment variable \"SENTIMENT_MODEL_LANE\"; did you mean \"SENTIMENT_MODEL_LANES\"?",
        "w:2:1: \"x\" is no value for \"batch.max-tokens\"; expected a whole number from 512 to 65536 tokens",
        "SENTIMENT_STATS_ENABLED: \"maybe\" is no value for \"stats.enabled\"; expected true or false",
        "--lanes: \"0\" is no value for \"model.lanes\"; expected a whole number from 1 to 1024",
        "kafka.input-topic is required: Topic to read reviews from. Give it as --input-topic reviews, "
          + "SENTIMENT_KAFKA_INPUT_TOPIC=reviews or \"kafka.input-topic: reviews\" in the YAML file of --config",
      ])
    #expect(error.description.hasSuffix("\nSee \"sentiment-worker run --help\"."))
  }

  @Test func rulesSpeakOnceEachSettingIsRight() {
    #expect(Fixture.problems(["--text-pointer", "/a"]) == ["input.text-pointer needs input.format json, which is text"])
    #expect(Fixture.problems(["--text-pointer", "/a", "--format", "json"]).isEmpty)
    #expect(Fixture.problems(["--text-pointer", "/a", "--lanes", "x"]).count == 1)
  }

  /// Random damage to a sound file: a result or an error, never a crash, and no unbounded answer.
  @Test func damagedFilesNeverCrash() {
    let sound = Array(
      (Fixture.table.referenceYAML(title: "Test")
        + "kafka.sasl: {password: x, mechanism: \"PL\\x41IN\"}\nlist:\n- a\n- b: |\n    text\n  c: >-\n    more\n? d\n: 'e'\n")
        .utf8)
    let pieces: [[UInt8]] = [
      ": ", "- ", "[", "]", "{", "}", "&a ", "*a", "!t ", "\t", "\n", "|\n", ">", "'", "\"", "#", "? ", "---\n", "%", "\u{0}",
      "é",
    ]
    .map { Array($0.utf8) }
    var random = SeededRandom(seed: 42)
    var refused = 0
    for _ in 0..<4000 {
      var bytes = sound
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...40, using: &random)))
        case 2: bytes.insert(contentsOf: pieces.randomElement(using: &random) ?? [], at: place)
        default:
          bytes.insert(
            contentsOf: bytes[place..<min(bytes.count, place + 60)], at: Int.random(in: 0..<bytes.count, using: &random))
        }
      }
      do {
        _ = try Fixture.program.parse(arguments: ["classify", "--config", "w"], environment: [:]) { _ in bytes }
      } catch {
        refused += 1
        #expect(!error.problems.isEmpty)
        #expect(error.problems.allSatisfy { $0.utf8.count < 1000 })
      }
    }
    #expect(refused > 2000)
  }

  @Test func realFiles() throws {
    #expect(throws: SettingsFile.Failure.self) { try SettingsFile.read("/nowhere/worker.yaml") }
    #expect(throws: SettingsFile.Failure.self) { try SettingsFile.read("/") }
    #expect(try SettingsFile.read("/dev/zero").count < 2 << 20)
    #expect(try SettingsFile.read("/dev/null").isEmpty)
  }
}
