import Settings

extension HarnessProgram {
  /// The commands, over the one table of settings.
  static let specification = ProgramSpecification(
    "fault-harness",
    summary:
      "Injects faults into running sentiment-workers on a real Kafka, and checks that no record is lost, duplicated or moved.",
    examples: [
      .init("fault-harness run --brokers localhost:9092 --faults 20", "Faults of workers, group and records."),
      .init("fault-harness run --brokers localhost:9092 --seed 4711", "The faults of an earlier run again."),
      .init("fault-harness self-test --brokers localhost:9092", "Does the verdict find what is wrong with broken workers?"),
    ],
    commands: [run, scale, plan, selfTest, brokenWorker], table: HarnessSettings.table)

  private static let faultSettings: [any AnySetting] = [
    HarnessSettings.seed, HarnessSettings.faults, HarnessSettings.kinds, HarnessSettings.interval,
  ]
  private static let brokerSettings: [any AnySetting] = [
    HarnessSettings.stopCommand, HarnessSettings.killCommand, HarnessSettings.startCommand, HarnessSettings.proxyPort,
    HarnessSettings.proxyTarget,
  ]
  private static let recordSettings: [any AnySetting] = [
    HarnessSettings.rate, HarnessSettings.keys, HarnessSettings.partitions,
  ]

  private static let run = CommandSpecification(
    "run", summary: "Run workers under faults, then say whether they kept their promise.",
    discussion: """
      Topics and a group of the run's own are created, and stay for looking at afterwards. The exit status is 0 if the verdict is \
      PASSED, and 1 if it is FAILED or INCONCLUSIVE.
      """,
    examples: [
      .init("fault-harness run --brokers localhost:9092 --workers 3 --faults 100 --json verdict.json", "A long run."),
      .init(
        "fault-harness run --brokers localhost:9092 --guarantee exactly-once --worker-arg=--log-level --worker-arg=debug",
        "Another guarantee; workers that say more."),
      .init(
        "fault-harness run --brokers localhost:9092 --broker-kill-command 'docker kill kafka' --broker-start-command 'docker start kafka'",
        "With faults of the broker."),
    ],
    settings: [HarnessSettings.brokers] + faultSettings + [
      HarnessSettings.workers, HarnessSettings.guarantee, HarnessSettings.model, HarnessSettings.worker,
      HarnessSettings.workerArguments, HarnessSettings.sessionTimeout, HarnessSettings.stopLimit,
    ] + brokerSettings + recordSettings + [
      HarnessSettings.drainLimit, HarnessSettings.settle, HarnessSettings.clockTolerance, HarnessSettings.json,
      HarnessSettings.logDirectory,
    ])

  private static let plan = CommandSpecification(
    "plan", summary: "Print the faults that a seed gives, without injecting them.",
    examples: [.init("fault-harness plan --seed 4711 --faults 100", "Those that need no broker's command and no proxy.")],
    settings: faultSettings + [HarnessSettings.workers, HarnessSettings.sessionTimeout] + brokerSettings)

  private static let scale = CommandSpecification(
    "scale", summary: "Change the number of workers under load, and say how long each change stopped the stream.",
    discussion: """
      No fault is injected, so that nothing may be lost, repeated or moved, at-least-once included. The times are those at which brokers \
      appended outcomes; exactly-once readers see them with the transaction's commit.
      """,
    examples: [
      .init("fault-harness scale --brokers localhost:9092 --scaling 1,4,2 --rate 2000", "One worker, four, two."),
      .init(
        "fault-harness scale --brokers localhost:9092 --guarantee exactly-once --model int8 --rate 40", "With the bundled model."),
    ],
    settings: [
      HarnessSettings.brokers, HarnessSettings.seed, HarnessSettings.scaling, HarnessSettings.hold, HarnessSettings.guarantee,
      HarnessSettings.model, HarnessSettings.worker, HarnessSettings.workerArguments, HarnessSettings.sessionTimeout,
      HarnessSettings.stopLimit,
    ] + recordSettings + [HarnessSettings.drainLimit, HarnessSettings.json, HarnessSettings.logDirectory])

  private static let selfTest = CommandSpecification(
    "self-test", summary: "Run workers that are broken in known ways, and check that the verdict finds each of them.",
    examples: [.init("fault-harness self-test --brokers localhost:9092", "About a minute.")],
    settings: [HarnessSettings.brokers, HarnessSettings.seed, HarnessSettings.logDirectory] + recordSettings)

  private static let brokenWorker = CommandSpecification(
    "broken-worker", summary: "A worker with a known defect, for self-test.",
    settings: [
      HarnessSettings.defect, HarnessSettings.brokers, HarnessSettings.group, HarnessSettings.inputTopic,
      HarnessSettings.outputTopic,
      HarnessSettings.deadLetterTopic, HarnessSettings.kafka,
    ], hidden: true)
}
