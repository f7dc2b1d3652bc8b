import Settings

/// A small program in the shape of the real one.
enum Fixture {
  enum Format: String, SettingChoice { case text, json }

  static let brokers = Setting<[String]>(
    "kafka.brokers", flag: "brokers", shortFlag: "b", default: ["localhost:9092"], summary: "Brokers to start from.",
    placeholder: "HOST:PORT,…")
  static let inputTopic = Setting<String>(
    "kafka.input-topic", flag: "input-topic", default: "", allowed: .notEmpty, summary: "Topic to read reviews from.",
    placeholder: "TOPIC", example: "reviews", requiredBy: ["run"])
  static let token = Setting<String>("kafka.token", flag: "token", default: "", summary: "Access token.", secret: true)
  static let pin = Setting<Int?>(
    "kafka.pin", default: nil, allowed: .range(1000...9999), summary: "A number that is secret.", secret: true)
  static let properties = Setting<[String: String]>(
    passThrough: "kafka", flag: "kafka", summary: "Any librdkafka property, by its own name.",
    example: "sasl.mechanism: PLAIN\nsasl.password_FILE: /run/secrets/kafka",
    isSecret: { $0.hasSuffix("password") }, isKnown: { !$0.hasPrefix("broker") && $0 != "input-topik" })
  static let format = Setting<Format>("input.format", flag: "format", default: .text, summary: "How reviews are encoded.")
  static let pointer = Setting<String>(
    "input.text-pointer", flag: "text-pointer", default: "/text",
    allowed: .matching("a JSON Pointer such as /text") { $0.isEmpty || $0.hasPrefix("/") }, summary: "Where the text is.",
    discussion: "RFC 6901. Only for format json.")
  static let maxTokens = Setting<Int>(
    "batch.max-tokens", flag: "max-tokens", default: 4096, allowed: .range(512...65536), unit: "tokens",
    summary: "Tokens in a batch.")
  static let maxWait = Setting<Duration>(
    "batch.max-wait", flag: "max-wait", default: .milliseconds(5), allowed: .range(.zero ... .seconds(10)),
    summary: "How long a batch waits for more.")
  static let maxBytes = Setting<ByteCount>(
    "batch.max-bytes", flag: "max-bytes", default: .mebibytes(64), allowed: .atLeast(.kibibytes(1)), summary: "Bytes in flight.")
  static let lanes = Setting<Int?>(
    "model.lanes", flag: "lanes", default: nil, allowed: .range(1...1024), summary: "Engine lanes, one thread each.",
    example: "4", defaultNote: "one per core")
  static let model = Setting<String>(
    "model.path", flag: "model", default: "", summary: "Directory of the model.", placeholder: "DIR",
    defaultNote: "the bundled one", completes: .directory)
  static let threshold = Setting<Double>(
    "model.threshold", flag: "threshold", default: 0.5, allowed: .range(0...1), summary: "It's the least confidence: a share.")
  static let stats = Setting<Bool>("stats.enabled", flag: "stats", default: true, summary: "Write stats lines.")
  static let hook = Setting<String>("stats.hook", flag: "hook", default: "", summary: "For tests.", hidden: true)
  static let input = Setting<String>(
    "classify.input", flag: "input", default: "-", summary: "File to read.", placeholder: "FILE", commandLineOnly: true,
    completes: .file)

  static let table = SettingsTable(
    environmentPrefix: "SENTIMENT_", otherVariables: ["SENTIMENT_KERNEL"],
    groups: [
      .init("kafka", summary: "Brokers and topics.", [brokers, inputTopic, token, pin, properties]),
      .init("input", summary: "How reviews come in.", [format, pointer]),
      .init("batch", summary: "Batches for the engine.", [maxTokens, maxWait, maxBytes]),
      .init("model", summary: "The model and its lanes.", [lanes, model, threshold]),
      .init("stats", summary: "The stats line.", [stats, hook]),
      .init("texts", summary: "What to classify.", [input]),
    ],
    rules: [
      .init(for: ["run"]) { values in
        values[format] == .text && values.differsFromDefault(pointer)
          ? "input.text-pointer needs input.format json, which is text" : nil
      }
    ])

  static let program = ProgramSpecification(
    "sentiment-worker", summary: "labels streams of English review text.",
    examples: [.init("sentiment-worker run --brokers localhost:9092", "The worker.")],
    commands: [
      CommandSpecification(
        "run", summary: "Consume, label, produce, for ever.", discussion: "Stops on SIGTERM after what is in flight is done.",
        examples: [.init("sentiment-worker run --brokers kafka:9092 --input-topic reviews", "Label a topic.")],
        settings: [
          brokers, inputTopic, token, properties, format, pointer, maxTokens, maxWait, maxBytes, lanes, model, threshold, stats,
          hook,
        ]),
      CommandSpecification(
        "classify", summary: "Label texts without Kafka.",
        examples: [.init("sentiment-worker classify 'A fine film.' --lanes 2", "Label a text.")],
        settings: [input, lanes, model],
        arguments: [.init("TEXT", arity: 0...Int.max, summary: "Texts to label.", completes: .file)]),
      CommandSpecification(
        "copy", summary: "Takes two names.", settings: [],
        arguments: [.init("FROM", summary: "Source."), .init("TO", summary: "Target.")], hidden: true),
    ],
    table: table)

  /// A file system of texts.
  struct Missing: Error, CustomStringConvertible { let description = "No such file or directory" }

  static func parse(
    _ arguments: [String], environment: [String: String] = [:], files: [String: String] = [:]
  ) throws(SettingsError) -> Invocation {
    try program.parse(arguments: arguments, environment: environment) { path in
      guard let text = files[path] else { throw Missing() }
      return Array(text.utf8)
    }
  }

  /// The values of `run` with a topic given; `yaml` is the text of `worker.yaml`.
  static func run(
    _ flags: [String] = [], environment: [String: String] = [:], yaml: String? = nil, files: [String: String] = [:]
  ) throws -> SettingValues {
    var files = files
    var arguments = ["run", "--input-topic", "reviews"] + flags
    if let yaml {
      files["worker.yaml"] = yaml
      arguments += ["--config", "worker.yaml"]
    }
    guard case .run(_, let values, _) = try parse(arguments, environment: environment, files: files) else { throw Missing() }
    return values
  }

  /// The problems of `run`; empty where there is none.
  static func problems(
    _ flags: [String] = [], environment: [String: String] = [:], yaml: String? = nil, files: [String: String] = [:]
  ) -> [String] {
    do {
      _ = try run(flags, environment: environment, yaml: yaml, files: files)
      return []
    } catch let error as SettingsError {
      return error.problems
    } catch {
      return ["\(error)"]
    }
  }
}
