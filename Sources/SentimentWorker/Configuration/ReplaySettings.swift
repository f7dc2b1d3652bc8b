import Settings

/// Settings of `replay`: matters of one job, so in no file or environment.
enum ReplaySettings {
  static let job = Setting<String>(
    "replay.job", flag: "job", default: "",
    allowed: .matching("up to 100 letters, digits, '.', '_' and '-'") { name in
      name.utf8.count <= 100
        && name.utf8.allSatisfy {
          (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || "._-".utf8.contains($0)
        }
    },
    summary: "The job's name: its progress is kept under it, and processes of the same name share its range.",
    placeholder: "NAME", defaultNote: "the input topic's name, to, and the output topic's", commandLineOnly: true)
  static let moreTopics = Setting<[String]>(
    "replay.and-topic", flag: "and-topic", default: [], allowed: .matching("topics") { $0.allSatisfy { !$0.isEmpty } },
    summary: "A further topic to replay in the same job; may be repeated.", placeholder: "TOPIC", commandLineOnly: true)
  static let fromDeadLetter = Setting<Bool>(
    "replay.from-dead-letter", flag: "from-dead-letter", default: false,
    summary: "Replay the dead-letter topic: each record as what it was before. A job that is done goes on with what came since.",
    commandLineOnly: true)
  static let maximumAttempts = Setting<Int>(
    "replay.max-attempts", flag: "max-attempts", default: 20, allowed: .range(1...1_000_000), unit: "attempts",
    summary: "Dead letters that were tried so often are left where they are.", commandLineOnly: true)
  static let from = Setting<String>(
    "replay.from", flag: "from", default: "beginning", allowed: .matching(ReplayBound.expected) { ReplayBound($0) != nil },
    summary: "Where to begin: \(ReplayBound.expected).", placeholder: "BOUND", commandLineOnly: true)
  static let to = Setting<String>(
    "replay.to", flag: "to", default: "end", allowed: .matching(ReplayBound.expected) { ReplayBound($0) != nil },
    summary: "Where to end, likewise; what is there itself is not replayed. Fixed when the job begins.", placeholder: "BOUND",
    commandLineOnly: true)
  static let restart = Setting<Bool>(
    "replay.restart", flag: "restart", default: false, summary: "Begin the job again, with the bounds given now.",
    commandLineOnly: true)
  static let dryRun = Setting<Bool>(
    "replay.dry-run", flag: "dry-run", default: false, summary: "Say what would be read, and how long it would take.",
    commandLineOnly: true)
  static let rate = Setting<Double?>(
    "replay.max-rate", flag: "max-rate", default: nil, allowed: .range(0.01...10_000_000), unit: "records/s",
    summary: "Read no faster than so.", defaultNote: "as fast as they are labelled", commandLineOnly: true)
  static let headers = Setting<[String]>(
    "replay.where", flag: "where", default: [],
    allowed: .matching("HEADER=VALUE") { $0.allSatisfy { ($0.firstIndex(of: "=") ?? $0.startIndex) > $0.startIndex } },
    summary: "Only records with this header; repeated: with all of them.", placeholder: "HEADER=VALUE", commandLineOnly: true)
  static let sample = Setting<String>(
    "replay.sample", flag: "sample", default: "1/1", allowed: .matching("1/N, such as 1/100") { sampleSize($0) != nil },
    summary: "Only one key of N, the same ones on every run; records without a key are drawn by their offset.",
    placeholder: "1/N",
    commandLineOnly: true)
  static let compareWith = Setting<String?>(
    "replay.compare-with", flag: "compare-with", default: nil,
    summary: "Topic with the results from before: tell at the end how the new labels differ.", placeholder: "TOPIC",
    commandLineOnly: true)
  static let examples = Setting<Int>(
    "replay.examples", flag: "examples", default: 5, allowed: .range(0...1000), unit: "records",
    summary: "How many changed labels a comparison names.", commandLineOnly: true)
  static let showText = Setting<Bool>(
    "replay.show-text", flag: "show-text", default: false, summary: "With the beginnings of their texts.", commandLineOnly: true)
  static let output = Setting<ReportOutput>(
    "replay.output", flag: "output", shortFlag: "o", default: .text, summary: "The summary for people, or as JSON.",
    commandLineOnly: true)

  static let all: [any AnySetting] = [
    job, moreTopics, fromDeadLetter, maximumAttempts, from, to, restart, dryRun, rate, headers, sample, compareWith, examples,
    showText,
    output,
  ]

  static func sampleSize(_ text: String) -> UInt64? {
    guard text.hasPrefix("1/"), let size = UInt64(text.dropFirst(2)), size > 0 else { return nil }
    return size
  }

  static func filter(_ values: SettingValues) -> ReplayFilter {
    var headers: [String: String] = [:]
    for pair in values[Self.headers] {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { headers[String(parts[0])] = String(parts[1]) }
    }
    return ReplayFilter(
      headers: headers, sample: sampleSize(values[sample]) ?? 1,
      maximumAttempts: values[fromDeadLetter] ? values[maximumAttempts] : .max)
  }

  static func jobName(_ values: SettingValues) -> String {
    let name = values[job]
    return name.isEmpty ? "\(topics(values).joined(separator: "-and-"))-to-\(values[WorkerSettings.outputTopic])" : name
  }

  /// The topics that are read.
  static func topics(_ values: SettingValues) -> [String] {
    if values[fromDeadLetter] { return [WorkerSettings.deadLetterTopic(values)] }
    return [values[WorkerSettings.inputTopic]] + values[moreTopics]
  }

  static let rules: [SettingsTable.Rule] = [
    .init(for: ["replay"]) { values in
      values[fromDeadLetter] && !values[moreTopics].isEmpty
        ? "--from-dead-letter reads one topic, \(WorkerSettings.deadLetterTopic(values)): leave --and-topic out, and run a job for each dead-letter topic"
        : nil
    },
    .init(for: ["replay"]) { values in
      let written = [values[WorkerSettings.outputTopic], WorkerSettings.deadLetterTopic(values)]
      let topics = [values[WorkerSettings.inputTopic]] + values[moreTopics]
      guard Set(topics).count < topics.count || !Set(topics).isDisjoint(with: written) else { return nil }
      return "--and-topic must name topics other than input.topic, output.topic and dead-letter.topic, each once"
    },
    .init(for: ["replay"]) { values in
      guard let topic = values[compareWith] else { return nil }
      if values[WorkerSettings.outputFormat] == .enrich {
        return
          "--compare-with needs output.format: result, because enriched documents do not say which record they were made from"
      }
      return topic == values[WorkerSettings.outputTopic]
        ? "--compare-with and output.topic are both \(topic): write the new labels to a topic of their own" : nil
    },
  ]
}
