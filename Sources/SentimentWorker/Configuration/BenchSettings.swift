import DistilBERT
import Settings

/// Settings of `bench`: matters of one invocation, so in no file or environment.
enum BenchSettings {
  static let labelField = Setting<String?>(
    "bench.label-field", flag: "label-field", default: nil,
    summary: "Member of a JSON line, or column of a CSV file, with the true label: its name or its class number.",
    discussion: "Where it is there, accuracy is printed at each precision.", placeholder: "NAME", defaultNote: "label",
    commandLineOnly: true)
  static let take = Setting<Int?>(
    "bench.take", flag: "take", default: nil, allowed: .range(1...10_000_000), unit: "texts",
    summary: "Read only so many texts.", defaultNote: "all", commandLineOnly: true)
  static let lengths = Setting<[Int]>(
    "bench.lengths", flag: "lengths", default: [],
    allowed: .matching("lengths in tokens from 1 to 1048576") { $0.allSatisfy((1...1_048_576).contains) }, unit: "tokens",
    summary: "Instead of texts: random token ids, the same each time, in sequences of these lengths, each measured apart.",
    commandLineOnly: true)
  static let precisions = Setting<[Precision]>(
    "bench.precision", flag: "precision", default: [],
    allowed: .matching("one or more of \(Precision.allCases.map(\.rawValue).joined(separator: ", ")), each once") {
      Set($0).count == $0.count
    },
    summary: "Precisions to measure; labels are compared with f32's if that is one of them.",
    defaultNote: "all that this CPU has instructions for", commandLineOnly: true)
  static let lanes = Setting<[Int]>(
    "bench.lanes", flag: "lanes", default: [],
    allowed: .matching("numbers of lanes from 1 to 1024, each once") {
      $0.allSatisfy((1...1024).contains) && Set($0).count == $0.count
    },
    summary: "Numbers of lanes to measure with, one thread each.", defaultNote: "1 and one per core", commandLineOnly: true)
  static let batchTokens = Setting<Int?>(
    "bench.batch-tokens", flag: "batch-tokens", default: nil, allowed: .range(1...65536), unit: "tokens",
    summary: "Tokens of a full batch.", defaultNote: "batch.max-tokens", commandLineOnly: true)
  static let repeats = Setting<Int?>(
    "bench.repeat", flag: "repeat", default: nil, allowed: .range(1...10_000), unit: "times",
    summary: "How often each measurement is taken; the best and the median are shown.", defaultNote: "5", commandLineOnly: true)
  static let seconds = Setting<Double?>(
    "bench.seconds", flag: "seconds", default: nil, allowed: .range(0.01...86_400), unit: "seconds",
    summary: "Instead of --repeat: take each measurement again until so much time is over.", commandLineOnly: true)
  static let output = Setting<BenchOutput>(
    "bench.output", flag: "output", shortFlag: "o", default: .table,
    summary: "A table for people, or a JSON document for programs.", commandLineOnly: true)

  static let all: [any AnySetting] = [
    labelField, take, lengths, precisions, lanes, batchTokens, repeats, seconds, output,
  ]
}

enum BenchOutput: String, SettingChoice { case table, json }

/// A precision is written as its name.
extension Precision: SettingChoice {}
