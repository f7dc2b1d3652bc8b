import Settings

extension Program {
  /// The commands, over the one table of settings.
  static let specification = ProgramSpecification(
    "sentiment-worker",
    summary: "Labels streams of English review text: a Kafka worker with its own DistilBERT engine.",
    examples: [
      .init("sentiment-worker demo", "See it work: embedded broker, bundled model, sample reviews."),
      .init("sentiment-worker classify \"A wonderful film.\"", "Label a text without Kafka."),
      .init(
        "sentiment-worker run --brokers localhost:9092 --group sentiment --input-topic reviews --output-topic reviews-labelled",
        "Label a topic until told to stop."),
    ],
    commands: [run, replay, classify, tokenize, demo, broker, check, model, bench, top], table: WorkerSettings.table)

  private static let kafkaSettings: [any AnySetting] = [
    WorkerSettings.brokers, WorkerSettings.group, WorkerSettings.inputTopic, WorkerSettings.outputTopic,
    WorkerSettings.deadLetterTopic, WorkerSettings.inputFormat, WorkerSettings.textPointer, WorkerSettings.outputFormat,
    WorkerSettings.guarantee, WorkerSettings.kafka,
  ]
  private static let modelSettings: [any AnySetting] = [
    WorkerSettings.model, WorkerSettings.precision, WorkerSettings.lanes, WorkerSettings.threadsPerLane,
  ]
  private static let logSettings: [any AnySetting] = [WorkerSettings.logLevel, WorkerSettings.logFormat]

  private static let run = CommandSpecification(
    "run", summary: "The worker: consume reviews, label them, produce results, until told to stop.",
    discussion: """
      Results are written at least once: an offset is committed only when everything up to it is labelled, dead-lettered or passed \
      through, and acknowledged. With --delivery exactly-once results and offsets are committed together, so that read_committed \
      readers see each result once. Within an input partition results keep their order. SIGTERM and Ctrl-C finish what is in flight, \
      commit, leave the group and exit 0; a second one stops at once. Stats lines go to standard output, the log to standard error.
      """,
    examples: [
      .init(
        "sentiment-worker run --brokers localhost:9092 --group sentiment --input-topic reviews --output-topic reviews-labelled",
        "Label JSON messages with the text at /text."),
      .init(
        "sentiment-worker run --config worker.yaml --format text --stats-interval 30s",
        "Settings from a file; messages that are plain text."),
      .init(
        "sentiment-worker run --config worker.yaml --delivery exactly-once",
        "Results and offsets in transactions."),
      .init(
        "sentiment-worker run --config worker.yaml --output-format enrich --text-pointer /review/body",
        "Add the label to each JSON message."),
      .init(
        "sentiment-worker run --config worker.yaml --kafka security.protocol=SASL_SSL --kafka sasl.mechanism=PLAIN --kafka sasl.username=worker",
        "Log in; give the password as SENTIMENT_KAFKA_SASL_PASSWORD or in the file that SENTIMENT_KAFKA_SASL_PASSWORD_FILE names."
      ),
    ],
    settings: kafkaSettings + modelSettings + [WorkerSettings.statsInterval, WorkerSettings.statsFile, HTTPSettings.listen]
      + logSettings)

  private static let replay = CommandSpecification(
    "replay", summary: "Backfill: label a bounded range of a topic once more, and end with it.",
    discussion: """
      The range is fixed when the job begins, at the last stable offset at the latest, so a replay ends while producers go on. \
      Its progress is kept by the brokers under the job's name: one that was killed goes on where it stopped, several processes of the \
      same name share the range, and one that is done does nothing until --restart. Live workers are not disturbed. With --delivery \
      exactly-once each result is there once, however often the replay is killed. The exit status is 0 when the range is done, and 1 if \
      it was told to stop before.
      """,
    examples: [
      .init(
        "sentiment-worker replay --brokers localhost:9092 --input-topic reviews --output-topic reviews-v2 --model DIR --from 7d",
        "Label the last seven days with another model."),
      .init(
        "sentiment-worker replay --config worker.yaml --output-topic reviews-v2 --from 2026-01-01 --to 2026-02-01T12:00:00Z --dry-run",
        "What would be read, and how long it would take."),
      .init(
        "sentiment-worker replay --config worker.yaml --output-topic reviews-v2 --job january --delivery exactly-once",
        "A job by name; run it again after a failure, or at the same time on other machines."),
      .init(
        "sentiment-worker replay --config worker.yaml --output-topic trial --sample 1/100 --where lang=en --max-rate 50",
        "A hundredth of the keys, those with a header, slowly."),
      .init(
        "sentiment-worker replay --config worker.yaml --model DIR --from 7d --output-topic trial --compare-with reviews-labelled",
        "How another model's labels would differ."),
      .init(
        "sentiment-worker replay --config worker.yaml --from-dead-letter --where sentiment-reason=field-missing --text-pointer /body",
        "Dead letters again, after what made them has been put right."),
    ],
    settings: kafkaSettings.filter { $0.row.key != WorkerSettings.group.row.key } + ReplaySettings.all + modelSettings
      + [WorkerSettings.statsInterval, WorkerSettings.statsFile] + logSettings)

  private static let textArgument = CommandSpecification.Argument(
    "TEXT", arity: 0...Int.max, summary: "Texts to read, one each; none: see --input.")
  private static let sourceSettings: [any AnySetting] = [
    TextSettings.input, TextSettings.inputFormat, WorkerSettings.textPointer, TextSettings.column,
  ]

  private static let classify = CommandSpecification(
    "classify", summary: "Label texts from arguments, a file or standard input; no Kafka.",
    discussion: """
      Answers come in the order of the texts. A text that cannot be labelled gets an error line in its place; the others are \
      labelled, and the exit status is then 1.
      """,
    examples: [
      .init("sentiment-worker classify \"A wonderful film.\" \"Two hours I will never get back.\"", "Label two texts."),
      .init("sentiment-worker classify --input reviews.txt", "A text a line."),
      .init(
        "sentiment-worker classify --input reviews.jsonl --text-pointer /review/body --output jsonl > labels.jsonl",
        "JSON Lines in and out."),
      .init("sentiment-worker classify --input reviews.csv --text-column body --output jsonl", "A column of a CSV file."),
      .init("sentiment-worker classify --input - --output jsonl --detail", "Standard input; token ids and logits too."),
    ],
    settings: sourceSettings + [TextSettings.output, TextSettings.detail, TextSettings.progress] + modelSettings,
    arguments: [textArgument])

  private static let tokenize = CommandSpecification(
    "tokenize", summary: "Print the token ids that the model sees, for comparing with other tokenisers.",
    discussion: "One line {\"ids\": [...]} a text, truncated as the model truncates.",
    examples: [
      .init("sentiment-worker tokenize \"Hello, world!\"", "The ids of a text."),
      .init("sentiment-worker tokenize --input reviews.jsonl --text-pointer /text", "Of every text of a file."),
    ],
    settings: sourceSettings + [WorkerSettings.model], arguments: [textArgument])

  private static let demo = CommandSpecification(
    "demo", summary: "Two minutes' proof: embedded broker, bundled model, sample reviews, results and counters.",
    discussion: "Needs nothing but this program, and ends by itself.",
    examples: [
      .init("sentiment-worker demo", "Watch sample reviews being labelled."),
      .init("sentiment-worker demo --model DIR --lanes 1", "The same with a model of yours, on one core."),
    ],
    settings: modelSettings + logSettings)

  private static let broker = CommandSpecification(
    "broker", summary: "Serve the embedded development broker, for local work and tests.",
    discussion: """
      librdkafka's mock cluster: producers, consumers and groups work; everything is in memory, with the last 5 MiB of each \
      partition; no transactions, no TLS. Ends at SIGTERM or Ctrl-C.
      """,
    examples: [
      .init("sentiment-worker broker --topic reviews:4 --topic reviews-labelled:4", "Serve two topics; prints the address.")
    ],
    settings: [BrokerSettings.port, BrokerSettings.topics])

  private static let check = CommandSpecification(
    "check", summary: "Find what would fail, before it does: settings, brokers, topics, rights, model.",
    discussion: """
      Prints each step with ok or what to do. Nothing is written to any topic, no offset is committed, no group joined. The exit status is 1 \
      if a step failed; warnings and notes leave it 0.
      """,
    examples: [
      .init(
        "sentiment-worker check --brokers localhost:9092 --input-topic reviews --output-topic reviews-labelled",
        "Check everything that run would need."),
      .init("sentiment-worker check --config worker.yaml --output json", "The same for a file of settings, for programs."),
    ],
    settings: kafkaSettings + modelSettings + [CheckSettings.output])

  private static let model = CommandSpecification(
    "model", summary: "Fetch a model from a Hugging Face hub, show what a model is, verify that it is whole and computes right.",
    discussion: """
      fetch gets the files that the engine reads, checks their sizes and hashes against the hub's, and goes on where an earlier fetch \
      was broken off; the directory appears when all is there. info shows what a directory is and the memory it takes. verify compares \
      its files with what was fetched, loads it, and runs texts through it; the bundled model's scores are compared with PyTorch's; the \
      exit status is 0 if nothing failed.
      """,
    examples: [
      .init(
        "sentiment-worker model fetch DeepAxion/distilbert-imdb-sentiment", "Get a model; then run --model with the same name."),
      .init(
        "sentiment-worker model fetch OWNER/NAME --revision v2 --to models/mine --hub https://hub.example.org",
        "A version of it from a mirror, into a directory of yours."),
      .init("sentiment-worker model info DeepAxion/distilbert-imdb-sentiment", "What it is: labels, sizes, memory."),
      .init("sentiment-worker model verify", "Prove that the bundled model computes right on this machine."),
    ],
    settings: [
      ModelSettings.hub, ModelSettings.revision, ModelSettings.destination, ModelSettings.output, WorkerSettings.model,
      WorkerSettings.precision,
    ] + logSettings,
    arguments: [
      .init(
        "info|verify|fetch", summary: "What to do.", completes: .words(ModelCommand.actions)),
      .init(
        "DIR|OWNER/NAME", arity: 0...1,
        summary: "A model's directory, or its name on the hub; none: --model, or the bundled one.",
        completes: .directory),
    ])

  private static let top = CommandSpecification(
    "top", summary: "Watch workers live: throughput, backlog, labels, latency, lanes.",
    discussion: """
      Asks each worker's /stats page, or follows the end of a stats log. Figures are those of the worker's last stats line; latencies \
      are the worst worker's. q, Ctrl-C and SIGTERM end it, and the terminal is as before.
      """,
    examples: [
      .init("sentiment-worker top", "The worker on this machine."),
      .init("sentiment-worker top pod-0:9464 pod-1:9464 /var/log/worker-2.stats", "Three workers, one by its stats log."),
      .init("sentiment-worker top --once worker:9464", "One view, for scripts."),
    ],
    settings: TopSettings.all,
    arguments: [
      .init(
        "HOST:PORT|URL|FILE", arity: 0...Int.max,
        summary: "Workers: the address of http.listen, or a stats log; none: 127.0.0.1:9464.",
        completes: .file)
    ])

  private static let bench = CommandSpecification(
    "bench", summary: "Measure engine and tokeniser here: speed and latency at each precision, and what it costs in labels.",
    discussion: """
      Prints reviews and tokens per second by precision and lanes, their share of the CPU's instruction peak (measured \
      beforehand), the latency of one review at a time, load time and memory, where the time goes, and, on texts, how many labels \
      and probabilities differ from f32's. Lanes are given token ids; tokenising is measured apart. A quiet machine gives the best \
      figures: the best of all repeats counts.
      """,
    examples: [
      .init("sentiment-worker bench", "The bundled model on the sample reviews, at every precision."),
      .init(
        "sentiment-worker bench --model DIR --input reviews.jsonl --take 500 --repeat 1",
        "Decide between f32 and int8: your model, your reviews; with a member label in them accuracy too."),
      .init("sentiment-worker bench --model DIR --lengths 128,512 --lanes 1", "Sequences of two lengths on one core."),
      .init("sentiment-worker bench --precision int8 --seconds 10 --output json", "For programs."),
    ],
    settings: [
      TextSettings.input, TextSettings.inputFormat, WorkerSettings.textPointer, TextSettings.column, BenchSettings.labelField,
      BenchSettings.take, BenchSettings.lengths, WorkerSettings.model, BenchSettings.precisions, BenchSettings.lanes,
      WorkerSettings.threadsPerLane, BenchSettings.batchTokens, BenchSettings.repeats, BenchSettings.seconds,
      BenchSettings.output,
    ])
}
