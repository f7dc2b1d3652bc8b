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
  static let output = Setting<ReportOutput>(
    "replay.output", flag: "output", shortFlag: "o", default: .text, summary: "The summary for people, or as JSON.",
    commandLineOnly: true)

  static let all: [any AnySetting] = [job, from, to, restart, dryRun, rate, headers, sample, output]

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
    return ReplayFilter(headers: headers, sample: sampleSize(values[sample]) ?? 1)
  }

  static func jobName(_ values: SettingValues) -> String {
    let name = values[job]
    return name.isEmpty ? "\(values[WorkerSettings.inputTopic])-to-\(values[WorkerSettings.outputTopic])" : name
  }
}

enum ReportOutput: String, SettingChoice { case text, json }
