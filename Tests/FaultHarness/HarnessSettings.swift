import Settings

/// Every setting of the program.
enum HarnessSettings {
  static let prefix = "FAULT_HARNESS_"

  // MARK: broker

  static let brokers = Setting<[String]>(
    "broker.brokers", flag: "brokers", shortFlag: "b", default: [], allowed: .matching("one or more HOST:PORT") { !$0.isEmpty },
    summary: "Brokers of a real Kafka; topics and a group of the run's own are made there.", placeholder: "HOST:PORT,…",
    example: "localhost:9092", requiredBy: ["run", "scale", "self-test", "broken-worker"])
  static let stopCommand = Setting<String?>(
    "broker.stop-command", flag: "broker-stop-command", default: nil,
    summary: "Shell command that stops a broker in order and returns when it has stopped; with it come broker-restart faults.",
    placeholder: "COMMAND")
  static let killCommand = Setting<String?>(
    "broker.kill-command", flag: "broker-kill-command", default: nil,
    summary: "Shell command that ends a broker at once, as kill -9 does; with it come broker-kill faults.", placeholder: "COMMAND"
  )
  static let startCommand = Setting<String?>(
    "broker.start-command", flag: "broker-start-command", default: nil,
    summary: "Shell command that starts the broker again and returns when it is ready.", placeholder: "COMMAND")

  // MARK: proxy

  static let proxyPort = Setting<Int?>(
    "proxy.listen", flag: "proxy-listen", default: nil, allowed: .range(1...65535),
    summary: "Port of this machine that workers connect to instead of the broker's; with it come connection faults.",
    discussion:
      "A listener of the broker must advertise 127.0.0.1 with this port, as clients go to the address that is advertised.",
    placeholder: "PORT")
  static let proxyTarget = Setting<Int?>(
    "proxy.target", flag: "proxy-target", default: nil, allowed: .range(1...65535),
    summary: "Port of this machine that the listener of --proxy-listen is really at.", placeholder: "PORT")

  // MARK: workers

  static let worker = Setting<String?>(
    "workers.program", flag: "worker", default: nil, summary: "The worker's program.", placeholder: "FILE",
    defaultNote: "the sentiment-worker beside this program", completes: .file)
  static let workerArguments = Setting<[String]>(
    "workers.arguments", flag: "worker-arg", default: [],
    summary: "An argument more for 'sentiment-worker run'; may be repeated.",
    placeholder: "ARGUMENT")
  static let workers = Setting<Int>(
    "workers.count", flag: "workers", default: 2, allowed: .range(1...4), summary: "Workers that run all the time.")
  static let scaling = Setting<[Int]>(
    "workers.scaling", flag: "scaling", default: [1, 4, 2],
    allowed: .matching("numbers of workers, 1 to 16") { numbers in
      !numbers.isEmpty && numbers.allSatisfy { (1...16).contains($0) }
    },
    summary: "Numbers of workers, one after the other.", placeholder: "N,N,…", commandLineOnly: true)
  static let hold = Setting<Duration>(
    "workers.hold", flag: "hold", default: .seconds(20), allowed: .range(.seconds(1)...(.seconds(3600))),
    summary: "How long each number of workers is kept.", commandLineOnly: true)
  static let model = Setting<ModelChoice>(
    "workers.model", flag: "model", default: .constant,
    summary: "What labels: nothing (every review gets the same label) or the bundled model at int8.")
  static let guarantee = Setting<GuaranteeChoice>(
    "workers.guarantee", flag: "guarantee", default: .atLeastOnce, summary: "What the workers promise, and the verdict goes by.")
  static let sessionTimeout = Setting<Duration>(
    "workers.session-timeout", flag: "session-timeout", default: .seconds(6), allowed: .range(.seconds(1)...(.seconds(300))),
    summary: "After what the group replaces a silent worker; brokers allow no less than 6 s by default.")
  static let stopLimit = Setting<Duration>(
    "workers.stop-limit", flag: "stop-limit", default: .seconds(45), allowed: .range(.seconds(1)...(.seconds(3600))),
    summary: "How long a worker may take to end after SIGTERM.")

  // MARK: faults

  static let seed = Setting<Int?>(
    "faults.seed", flag: "seed", default: nil, allowed: .atLeast(0),
    summary: "Gives the faults and the records; a run is made again with the seed that it printed.", defaultNote: "any")
  static let faults = Setting<Int>(
    "faults.count", flag: "faults", default: 20, allowed: .range(0...100_000), summary: "Faults to inject.")
  static let kinds = Setting<[String]>(
    "faults.kinds", flag: "kinds", default: [],
    allowed: .matching("one or more of " + FaultKind.allCases.map(\.rawValue).joined(separator: ", ")) { names in
      names.allSatisfy { FaultKind(rawValue: $0) != nil }
    },
    summary: "Kinds of faults.", placeholder: "KIND,…", defaultNote: "all that the other settings make possible")
  static let interval = Setting<Duration>(
    "faults.interval", flag: "interval", default: .seconds(3), allowed: .range(.milliseconds(10)...(.seconds(3600))),
    summary: "Mean time from one fault to the next; they last, so that they overlap.")

  // MARK: records

  static let rate = Setting<Int>(
    "records.rate", flag: "rate", default: 200, allowed: .range(1...100_000), unit: "records",
    summary: "Records to feed each second.")
  static let keys = Setting<Int>(
    "records.keys", flag: "keys", default: 32, allowed: .range(1...100_000), summary: "Different keys.")
  static let partitions = Setting<Int>(
    "records.partitions", flag: "partitions", default: 4, allowed: .range(1...1000), summary: "Partitions of each topic.")

  // MARK: verdict

  static let drainLimit = Setting<Duration>(
    "verdict.drain-limit", flag: "drain-limit", default: .seconds(180), allowed: .range(.seconds(1)...(.seconds(36000))),
    summary: "How long the workers may take to finish what is left after the last fault.")
  static let settle = Setting<Duration>(
    "verdict.settle", flag: "settle", default: .seconds(30), allowed: .range(.zero...(.seconds(3600))),
    summary: "How long after a fault a re-delivery is its doing.")
  static let clockTolerance = Setting<Duration>(
    "verdict.clock-tolerance", flag: "clock-tolerance", default: .milliseconds(100), allowed: .range(.zero...(.seconds(60))),
    summary: "How far the broker's clock may be behind this machine's.")
  static let json = Setting<String?>(
    "verdict.json", flag: "json", default: nil, summary: "File that the verdict is written to as JSON; - is standard output.",
    placeholder: "FILE", completes: .file)
  static let logDirectory = Setting<String?>(
    "verdict.log-directory", flag: "logs", default: nil, summary: "Directory for the workers' logs.", placeholder: "DIR",
    defaultNote: "a new one, which is removed when the run has passed", completes: .directory)

  // MARK: broken-worker

  static let defect = Setting<Defect>(
    "broken-worker.defect", flag: "defect", default: .none, summary: "What it does wrong.", commandLineOnly: true)
  static let group = Setting<String>(
    "broken-worker.group", flag: "group", default: "", summary: "Consumer group.", commandLineOnly: true)
  static let inputTopic = Setting<String>(
    "broken-worker.input-topic", flag: "input-topic", default: "", summary: "Topic to read from.", commandLineOnly: true)
  static let outputTopic = Setting<String>(
    "broken-worker.output-topic", flag: "output-topic", default: "", summary: "Topic to write to.", commandLineOnly: true)
  static let deadLetterTopic = Setting<String>(
    "broken-worker.dead-letter-topic", flag: "dead-letter-topic", default: "", summary: "Topic for dead letters.",
    commandLineOnly: true)
  static let kafka = Setting<[String: String]>(
    passThrough: "kafka", flag: "kafka", summary: "Any other librdkafka property.", isSecret: { _ in false })

  static let table = SettingsTable(
    environmentPrefix: prefix,
    groups: [
      .init("broker", summary: "The Kafka under test.", [brokers, stopCommand, killCommand, startCommand]),
      .init("proxy", summary: "What stands between workers and broker.", [proxyPort, proxyTarget]),
      .init(
        "workers", summary: "What is put to the test.",
        [worker, workerArguments, workers, scaling, hold, model, guarantee, sessionTimeout, stopLimit]),
      .init("faults", summary: "What is done to it.", [seed, faults, kinds, interval]),
      .init("records", summary: "What is fed.", [rate, keys, partitions]),
      .init(
        "verdict", summary: "How it is judged, and what is left behind.",
        [drainLimit, settle, clockTolerance, json, logDirectory]),
      .init(
        "broken-worker", summary: "A worker with a known defect.", [defect, group, inputTopic, outputTopic, deadLetterTopic]),
      .init("kafka", summary: "librdkafka's own properties.", [kafka]),
    ],
    rules: [
      .init { values in
        (values[stopCommand] ?? values[killCommand]) != nil && values[startCommand] == nil
          ? "broker.start-command is needed with broker.stop-command and broker.kill-command: nothing else starts the broker again"
          : nil
      },
      .init { values in
        (values[proxyPort] == nil) != (values[proxyTarget] == nil)
          ? "proxy.listen and proxy.target go together" : nil
      },
      .init { values in
        let missing = values[kinds].filter { name in
          FaultKind(rawValue: name).map { !possibleKinds(values).contains($0) } ?? false
        }
        return missing.isEmpty
          ? nil
          : "faults.kinds: \(missing.joined(separator: ", ")) cannot be injected without the broker's commands or the proxy's ports"
      },
    ])

  /// The kinds of faults that the settings give the means for.
  static func possibleKinds(_ values: SettingValues) -> [FaultKind] {
    FaultKind.allCases.filter { kind in
      switch kind {
      case .brokerRestart: values[stopCommand] != nil
      case .brokerKill: values[killCommand] != nil
      case .connectionCut, .connectionSlow: values[proxyPort] != nil
      default: true
      }
    }
  }

  static func kindsInForce(_ values: SettingValues) -> [FaultKind] {
    let chosen = values[kinds].compactMap { FaultKind(rawValue: $0) }
    return chosen.isEmpty ? possibleKinds(values) : chosen
  }

  static func shape(_ values: SettingValues) -> Schedule.Shape {
    Schedule.Shape(
      count: values[faults], kinds: kindsInForce(values), workers: values[workers], interval: values[interval],
      sessionTimeout: values[sessionTimeout])
  }
}

enum ModelChoice: String, SettingChoice { case constant, int8 }

enum GuaranteeChoice: String, SettingChoice {
  case atLeastOnce = "at-least-once"
  case exactlyOnce = "exactly-once"

  var guarantee: Guarantee { self == .atLeastOnce ? .atLeastOnce : .exactlyOnce }
}
