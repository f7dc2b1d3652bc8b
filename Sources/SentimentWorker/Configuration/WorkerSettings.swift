import DistilBERT
import Kafka
import Settings

/// Every setting of the program: one row gives the flag, the environment variable, the YAML key, validation, help,
/// completion and its part of `config/worker.yaml`.
enum WorkerSettings {
  // MARK: kafka

  static let brokers = Setting<[String]>(
    "kafka.brokers", flag: "brokers", shortFlag: "b", default: [], allowed: .matching("one or more HOST:PORT") { !$0.isEmpty },
    summary: "Brokers to start from; the others are found through them.", placeholder: "HOST:PORT,…",
    example: "localhost:9092", requiredBy: ["run", "replay", "check"])
  static let group = Setting<String>(
    "kafka.group", flag: "group", shortFlag: "g", default: "", allowed: .notEmpty,
    summary: "Consumer group; workers of one group share the input topic's partitions.", placeholder: "NAME",
    example: "sentiment", requiredBy: ["run"])
  static let kafka = Setting<[String: String]>(
    passThrough: "kafka", flag: "kafka",
    summary: "Any other librdkafka property, under its own name.",
    discussion: """
      Such as security.protocol, sasl.username or group.instance.id; librdkafka's CONFIGURATION.md lists them. ${HOSTNAME} in a value \
      stands for the host's name: group.instance.id=${HOSTNAME} keeps a pod's partitions while it restarts. Passwords and \
      keys are best given by SENTIMENT_KAFKA_SASL_PASSWORD or read from a file by SENTIMENT_KAFKA_SASL_PASSWORD_FILE; they are \
      never printed.
      """,
    example: "security.protocol=SASL_SSL", isSecret: { KafkaConfiguration.isSecret($0) },
    isKnown: { KafkaConfiguration.isKnown($0) },
    knownNames: KafkaConfiguration.knownProperties)

  // MARK: input

  static let inputTopic = Setting<String>(
    "input.topic", flag: "input-topic", default: "", allowed: .notEmpty, summary: "Topic to read reviews from.",
    placeholder: "TOPIC",
    example: "reviews", requiredBy: ["run", "replay", "check"])
  static let inputFormat = Setting<InputFormat>(
    "input.format", flag: "format", default: .json,
    summary: "What a message is: UTF-8 text, or JSON with the text in it.")
  static let textPointer = Setting<String>(
    "input.text-pointer", flag: "text-pointer", default: "/text",
    allowed: .matching("a JSON Pointer such as /text or /review/body") { (try? JSONPointer($0)) != nil },
    summary: "Where the text is in a JSON message (RFC 6901).", placeholder: "POINTER")
  static let maximumBytes = Setting<ByteCount>(
    "input.max-bytes", default: ByteCount(1 << 20), allowed: .range(ByteCount(1)...ByteCount(1 << 30)),
    summary: "Larger messages are not labelled; unusable.too-large says what becomes of them.")

  // MARK: output

  static let outputTopic = Setting<String>(
    "output.topic", flag: "output-topic", default: "", allowed: .notEmpty, summary: "Topic to write labels to.",
    placeholder: "TOPIC",
    example: "reviews-labelled", requiredBy: ["run", "replay", "check"])
  static let outputFormat = Setting<OutputFormat>(
    "output.format", flag: "output-format", default: .result,
    summary: "A compact result, or the original JSON message with the label spliced in.")
  static let enrichMember = Setting<String>(
    "output.enrich-member", default: "sentiment", allowed: .notEmpty,
    summary: "Name of the member that enrich adds to the message.", placeholder: "NAME")

  // MARK: dead-letter

  static let deadLetterTopic = Setting<String>(
    "dead-letter.topic", flag: "dead-letter-topic", default: "",
    summary: "Topic for messages that cannot be labelled; they keep their bytes, key, headers and timestamp.",
    placeholder: "TOPIC",
    defaultNote: "the input topic's name and -dead-letter")

  // MARK: batch

  static let batchTokens = Setting<Int>(
    "batch.max-tokens", default: 2048, allowed: .range(1...65536), unit: "tokens",
    summary: "Tokens of a full micro-batch; a longer text makes a batch of its own.")
  static let batchRecords = Setting<Int>(
    "batch.max-records", default: 256, allowed: .range(1...65536), unit: "records", summary: "Records of a full micro-batch.")
  static let batchWait = Setting<Duration>(
    "batch.max-wait", default: .zero, allowed: .range(.zero ... .seconds(60)),
    summary: "How long a free lane waits for a batch to fill; 0 takes what is there at once.")
  static let inFlightTokens = Setting<Int>(
    "batch.max-in-flight-tokens", default: 65536, allowed: .range(1...1 << 30), unit: "tokens",
    summary: "Tokens between consumption and acknowledgement; at the bound consumption pauses.")
  static let inFlightBytes = Setting<ByteCount>(
    "batch.max-in-flight-bytes", default: ByteCount(64 << 20), allowed: .range(ByteCount(1)...ByteCount(1 << 40)),
    summary: "Message bytes between consumption and acknowledgement.")
  static let inFlightRecords = Setting<Int>(
    "batch.max-in-flight-records", default: 50_000, allowed: .range(1...1 << 30), unit: "records",
    summary: "Records between consumption and acknowledgement.")

  // MARK: delivery

  static let guarantee = Setting<DeliveryGuarantee>(
    "delivery.guarantee", flag: "delivery", default: .atLeastOnce,
    summary: "What a crash or a rebalance may do: have some results written twice, or none lost and none twice.",
    discussion: """
      exactly-once writes results, dead letters and offsets in Kafka transactions. It needs brokers of version 2.5 or later, readers of \
      the output with isolation.level=read_committed, and makes results visible once per transaction.
      """)
  static let transactionInterval = Setting<Duration>(
    "delivery.transaction-interval", default: .milliseconds(200), allowed: .range(.milliseconds(10) ... .seconds(600)),
    summary: "exactly-once: the time from one commit to the next while there are results, which are visible then.")
  static let transactionRecords = Setting<Int>(
    "delivery.transaction-records", default: 20_000, allowed: .range(1...1 << 30), unit: "records",
    summary: "exactly-once: results of a full transaction, which is committed at once.",
    discussion: "It is also committed when it holds a quarter of what may be in flight (batch.max-in-flight-…).")
  static let transactionalID = Setting<String>(
    "delivery.transactional-id", default: "",
    summary:
      "exactly-once: the transactional id; ${HOSTNAME} stands for the host's name. Two running workers may never share one.",
    placeholder: "ID", defaultNote: "the group, the host's name, and a token of the first free slot in delivery.state-directory")
  static let stateDirectory = Setting<String>(
    "delivery.state-directory", default: "",
    summary:
      "exactly-once: where the slots of this host's workers are kept, so that a restarted one has its old transactional id.",
    placeholder: "DIR", defaultNote: "$XDG_RUNTIME_DIR/sentiment-worker, or /tmp/sentiment-worker-UID", completes: .directory)
  static let commitInterval = Setting<Duration>(
    "delivery.commit-interval", default: .seconds(1), allowed: .range(.milliseconds(10) ... .seconds(3600)),
    summary: "at-least-once: how often the offsets of finished records are committed.")
  static let drainDeadline = Setting<Duration>(
    "delivery.drain-deadline", default: .seconds(25), allowed: .range(.zero ... .seconds(3600)),
    summary: "How long a stop or a rebalance may take to finish what is in flight.",
    discussion:
      "Less than kafka.max.poll.interval.ms, after which the group gives the partitions to others. Brokers that do not answer can add 10 s to a stop, for the last commit and for leaving the group."
  )
  static let startTimeout = Setting<Duration>(
    "delivery.start-timeout", default: .seconds(15), allowed: .range(.seconds(1) ... .seconds(3600)),
    summary: "How long the brokers may take to answer at start.")

  // MARK: model

  static let model = Setting<String?>(
    "model.directory", flag: "model", shortFlag: "m", default: nil,
    summary: "Hugging Face directory of a DistilBERT sequence classifier, or OWNER/NAME as \"model fetch\" got it.",
    placeholder: "DIR|OWNER/NAME",
    defaultNote: "the bundled \(ModelDirectory.bundled)", completes: .directory)
  static let precision = Setting<Precision>(
    "model.precision", flag: "precision", default: .f32, summary: "Number format of the weights and matrix products.",
    discussion:
      "f32 is the model as published; bf16 is faster on CPUs with instructions for it (AVX-512 BF16), is computed as f32 elsewhere, and changes a label in a thousand at most; int8 is faster still, gives the same bits on every CPU, and changes a few labels in a thousand."
  )
  static let lanes = Setting<Int?>(
    "model.lanes", flag: "lanes", default: nil, allowed: .range(1...1024),
    summary: "Engine lanes: batches that are computed at the same time.", defaultNote: "one per core and threads-per-lane")
  static let threadsPerLane = Setting<Int>(
    "model.threads-per-lane", flag: "threads-per-lane", default: 1, allowed: .range(Lane.threadCounts), unit: "threads",
    summary: "Threads that compute one batch together.",
    discussion:
      "1 gives the most throughput. As many as there are cores gives the lowest latency of a single review. Labels are the same bits."
  )

  // MARK: stats, log

  static let statsInterval = Setting<Duration>(
    "stats.interval", flag: "stats-interval", default: .seconds(10), allowed: .range(.milliseconds(100) ... .seconds(86400)),
    summary: "Time between two stats lines.")
  static let statsFile = Setting<String>(
    "stats.file", flag: "stats-file", default: "-", allowed: .notEmpty,
    summary: "File that stats lines are appended to; - is standard output.", placeholder: "FILE", completes: .file)
  static let logLevel = Setting<LogThreshold>(
    "log.level", flag: "log-level", default: .info, summary: "Least severity that is logged, to standard error.")
  static let logFormat = Setting<LogFormat>(
    "log.format", flag: "log-format", default: .auto, summary: "Text for people or JSON for programs; auto is text on a terminal."
  )

  // MARK: tests

  static let constantLabel = Setting<String?>(
    "test.constant-label", default: nil,
    summary: "Gives every review this label without a model, to test and measure the pipeline alone.", hidden: true)

  /// Heads `config/worker.yaml`.
  static let referenceTitle = "Settings of sentiment-worker. Every key is here, with its default."

  static let table = SettingsTable(
    // Read by the engine.
    environmentPrefix: "SENTIMENT_", otherVariables: [KernelPath.environmentVariable],
    groups: [
      .init("kafka", summary: "The cluster, and who we are in it.", [brokers, group, kafka]),
      .init(
        "input", summary: "Where reviews come from, and what a message is.", [inputTopic, inputFormat, textPointer, maximumBytes]),
      .init("output", summary: "Where labels go, and in what form.", [outputTopic, outputFormat, enrichMember]),
      .init("dead-letter", summary: "Where messages that cannot be labelled go.", [deadLetterTopic]),
      .init(
        "batch", summary: "How reviews are packed for the engine, and how many may be in flight.",
        [batchTokens, batchRecords, batchWait, inFlightTokens, inFlightBytes, inFlightRecords]),
      .init(
        "delivery", summary: "What is guaranteed, when offsets are committed, and how long things may take.",
        [
          guarantee, transactionInterval, transactionRecords, transactionalID, stateDirectory, commitInterval, drainDeadline,
          startTimeout,
        ]),
      FailureSettings.unusable, FailureSettings.retry, FailureSettings.watchdog,
      .init("model", summary: "The model, and how it is run.", [model, precision, lanes, threadsPerLane]),
      .init("hub", summary: "Where models are fetched from.", ModelSettings.all),
      .init("stats", summary: "The stats log: one JSON line per interval.", [statsInterval, statsFile] + DriftSettings.all),
      .init("http", summary: "Metrics and probes over HTTP.", HTTPSettings.all),
      .init("log", summary: "The log, on standard error.", [logLevel, logFormat]),
      .init("test", summary: "Hooks for tests.", [constantLabel] + FailureSettings.testHooks),
      .init("texts", summary: "Texts to label without Kafka.", TextSettings.all),
      .init("replay", summary: "A replay's range and job.", ReplaySettings.all),
      .init("check", summary: "How findings are printed.", [CheckSettings.output]),
      .init("top", summary: "The live view.", TopSettings.all),
      .init("broker", summary: "The embedded broker.", BrokerSettings.all),
      .init("bench", summary: "What is measured.", BenchSettings.all),
    ],
    rules: [
      .init(for: ["run", "replay", "check"]) { values in
        values[outputFormat] == .enrich && values[inputFormat] == .text
          ? "output.format: enrich needs JSON messages to add to, but input.format is text; use output.format: result, or input.format: json"
          : nil
      },
      .init(for: ["run", "replay", "check"]) { values in
        let topics = [values[inputTopic], values[outputTopic], deadLetterTopic(values)]
        guard Set(topics).count < topics.count else { return nil }
        return
          "input.topic, output.topic and dead-letter.topic must be three different topics; they are \(topics.joined(separator: ", "))"
      },
      .init(for: ["run", "replay", "check"]) { values in
        let fixed = ClientProperties.fixed(values)
        let changed = fixed.keys.sorted().filter { name in values[kafka][name].map { $0 != fixed[name] } ?? false }
        return changed.isEmpty
          ? nil : "kafka.\(changed.joined(separator: ", kafka.")) cannot be changed: that nothing is lost stands on it"
      },
      .init(for: ["run", "replay", "check"]) { values in
        values[kafka]["transactional.id"] == nil
          ? nil
          : "kafka.transactional.id: set delivery.guarantee: exactly-once instead, and delivery.transactional-id if the id matters"
      },
      .init(for: ["run", "replay", "check"]) { values in
        guard values[guarantee] == .exactlyOnce else { return nil }
        let timeout = ClientProperties.transactionTimeout(values)
        // A number that librdkafka refuses is its own to explain.
        guard let timeout, values[transactionInterval] >= timeout else { return nil }
        return
          "delivery.transaction-interval (\(values[transactionInterval].inSeconds) s) must be less than kafka.transaction.timeout.ms (\(timeout.inSeconds) s), after which the brokers give a transaction up"
      },
      .init(for: ["run", "replay", "check"]) { values in
        // librdkafka's own default; a value that is no number is refused by librdkafka.
        let limit = values[kafka]["max.poll.interval.ms"].map { Int($0) } ?? 300_000
        guard let limit, values[drainDeadline] >= .milliseconds(limit) else { return nil }
        return
          "delivery.drain-deadline (\(values[drainDeadline].inSeconds) s) must be less than kafka.max.poll.interval.ms (\(limit) ms): a rebalance that takes longer costs the worker its place in the group"
      },
      .init { values in
        values[batchTokens] > values[inFlightTokens]
          ? "batch.max-tokens (\(values[batchTokens])) may not exceed batch.max-in-flight-tokens (\(values[inFlightTokens]))"
          : nil
      },
    ] + ReplaySettings.rules)

  /// The dead-letter topic in force.
  static func deadLetterTopic(_ values: SettingValues) -> String {
    let topic = values[deadLetterTopic]
    return topic.isEmpty ? values[inputTopic] + "-dead-letter" : topic
  }
}

enum DeliveryGuarantee: String, SettingChoice {
  case atLeastOnce = "at-least-once"
  case exactlyOnce = "exactly-once"
}
/// What a message is.
enum InputFormat: String, SettingChoice { case text, json }
enum LogThreshold: String, SettingChoice { case trace, debug, info, notice, warning, error }
enum LogFormat: String, SettingChoice { case auto, text, json }
