import Foundation
import Settings

/// Reads the reviews of a bench, from a file as `classify` reads it, or the samples that come with the program.
struct WorkloadReading {
  let values: SettingValues
  let tokenizer: ModelTokenizer
  /// The model's labels by class index.
  let labels: [String]
  /// Takes a sentence about what is left out.
  let warn: (String) -> Void

  /// - Throws: `WorkerError` of kind `usage` if there is no text to measure with.
  func read() throws -> Workload {
    guard let input = values[TextSettings.input] else { return try samples() }
    let field = values[BenchSettings.labelField]
    var texts = try TextInput(values: values, arguments: [], labelField: field ?? "label")
    var workload = Workload(name: input == "-" ? "texts of standard input" : "texts of \(input)", sequences: [])
    var leftOut = 0
    let limit = values[BenchSettings.take] ?? .max
    while workload.texts.count < limit, let item = try texts.next() {
      guard case .success(let bytes) = item.text, let tokenised = try? tokenizer.tokenise(bytes.span) else {
        leftOut += 1
        continue
      }
      add(bytes, tokenised.ids, label: item.label, to: &workload)
    }
    if leftOut > 0 { warn("\(leftOut) texts that cannot be read are left out; classify tells why") }
    guard !workload.sequences.isEmpty else {
      throw WorkerError(.usage, "\(input) has no text to measure with; classify --input \(input) tells why")
    }
    if let field, workload.classes.allSatisfy({ $0 == nil }) {
      throw WorkerError(
        .usage,
        "--label-field: no text has a label of the model (\(labels.joined(separator: ", ")), or 0 to \(labels.count - 1)) as \(field)"
      )
    }
    return workload
  }

  private func samples() throws -> Workload {
    if values[BenchSettings.labelField] != nil {
      throw WorkerError(.usage, "--label-field goes with --input: the labels of the samples are known")
    }
    var workload = Workload(name: "sample reviews", sequences: [])
    for review in try SampleReview.all().prefix(values[BenchSettings.take] ?? .max) {
      let bytes = Array(review.text.utf8)
      add(bytes, try tokenizer.tokenise(bytes.span).ids, label: review.expected, to: &workload)
    }
    return workload
  }

  private func add(_ text: [UInt8], _ ids: [Int32], label: String?, to workload: inout Workload) {
    workload.texts.append(text)
    workload.sequences.append(ids)
    workload.classes.append(label.flatMap { Self.classIndex($0, of: labels) })
  }

  /// A label's name in any case, or a class number.
  static func classIndex(_ label: String, of labels: [String]) -> Int? {
    if let index = labels.firstIndex(where: { $0.lowercased() == label.lowercased() }) { return index }
    guard let index = Int(label), labels.indices.contains(index) else { return nil }
    return index
  }
}
