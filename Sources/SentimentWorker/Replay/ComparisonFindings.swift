import Foundation
import Telemetry

/// What came of a comparison, summed up.
struct ComparisonFindings {
  typealias Change = ReplayComparison.Change

  struct Transition: Hashable {
    var before: String
    var now: String
  }

  /// One label's results on one side.
  struct Share {
    var records = 0
    var confidence = 0.0

    var meanConfidence: Double? { records > 0 ? confidence / Double(records) : nil }
  }

  let labels: [String]
  let modelsBefore: [LabelledResult.Model]
  let modelsNow: [LabelledResult.Model]
  /// Records with a label on one side only.
  var onlyBefore = 0
  var onlyNow = 0
  /// Records with a label on both sides.
  private(set) var compared = 0
  private(set) var transitions: [Transition: Int] = [:]
  private(set) var before: [String: Share] = [:]
  private(set) var now: [String: Share] = [:]
  private(set) var examples: [Change] = []
  private(set) var shift = ConfidenceShift()

  init(labels: [String], modelsBefore: [LabelledResult.Model], modelsNow: [LabelledResult.Model]) {
    self.labels = labels.sorted()
    self.modelsBefore = modelsBefore
    self.modelsNow = modelsNow
  }

  var changed: Int { transitions.values.reduce(0, +) }
  var changedShare: Double { compared > 0 ? Double(changed) / Double(compared) : 0 }

  /// A record with a label on both sides.
  mutating func note(_ record: Change, keeping most: Int) {
    compared += 1
    before[record.before.label, default: Share()].records += 1
    before[record.before.label]?.confidence += record.before.confidence
    now[record.now.label, default: Share()].records += 1
    now[record.now.label]?.confidence += record.now.confidence
    guard record.before.label != record.now.label else { return shift.note(record.now.confidence - record.before.confidence) }
    transitions[Transition(before: record.before.label, now: record.now.label), default: 0] += 1
    guard most > 0, examples.count < most || record.certainty > examples[most - 1].certainty else { return }
    let place = examples.firstIndex { $0.certainty < record.certainty } ?? examples.count
    examples.insert(record, at: place)
    if examples.count > most { examples.removeLast() }
  }
}

/// How confidences moved where the label stayed.
struct ConfidenceShift {
  private var count = 0
  private var sum = 0.0
  private(set) var largest = 0.0
  /// Of the size of the difference, in thousandths.
  private var sizes = [Int](repeating: 0, count: 1001)

  mutating func note(_ difference: Double) {
    count += 1
    sum += difference
    largest = max(largest, abs(difference))
    sizes[min(Int((abs(difference) * 1000).rounded()), 1000)] += 1
  }

  /// Nil where no label stayed.
  var mean: Double? { count > 0 ? sum / Double(count) : nil }

  /// The size of difference that this share of the records does not exceed, to a thousandth; nil where no label stayed.
  func quantile(_ share: Double) -> Double? {
    guard count > 0 else { return nil }
    let wanted = max(1, Int((Double(count) * share).rounded(.up)))
    var seen = 0
    for (size, records) in sizes.enumerated() {
      seen += records
      if seen >= wanted { return Double(size) / 1000 }
    }
    return 1
  }
}
