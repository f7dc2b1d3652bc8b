import Kafka

/// How the labels of a replay differ from those that were there before. Pure.
///
/// Keeps six bytes for each offset of the range: class and confidence, before and now. Of several results of one record the last
/// counts.
struct ReplayComparison {
  enum Side { case before, now }

  /// What one side says of one record.
  struct Opinion: Equatable, Sendable {
    var label: String
    /// In steps of 1/65,535.
    var confidence: Double
  }

  struct Change: Equatable, Sendable {
    var place: TopicPartition
    var offset: Int64
    var before: Opinion
    var now: Opinion

    /// How sure both are.
    var certainty: Double { min(before.confidence, now.confidence) }
  }

  /// The results of one side, for each offset of one partition.
  private struct Column {
    /// Of `labels`, from 1; 0: no result.
    var classes: [UInt8]
    var confidences: [UInt16]

    init(_ count: Int) {
      classes = Array(repeating: 0, count: count)
      confidences = Array(repeating: 0, count: count)
    }
  }

  private let range: ReplayRange
  private var before: [TopicPartition: Column] = [:]
  private var now: [TopicPartition: Column] = [:]
  private var labels: [String] = []
  private(set) var modelsBefore: Set<LabelledResult.Model> = []
  private(set) var modelsNow: Set<LabelledResult.Model> = []

  /// More than any model has; a topic of other things does not fill the memory.
  private static let mostLabels = 255
  private static let mostModels = 16

  init(range: ReplayRange) {
    self.range = range
    for (partition, offsets) in range.partitions where !offsets.isEmpty {
      before[partition] = Column(offsets.count)
      now[partition] = Column(offsets.count)
    }
  }

  /// A result, which counts if what it labels is in the range.
  mutating func note(_ result: LabelledResult, _ side: Side) {
    let partition = TopicPartition(topic: result.source.topic, partition: result.source.partition)
    guard let offsets = range.partitions[partition], offsets.contains(result.source.offset),
      let number = number(of: result.label)
    else { return }
    let index = Int(result.source.offset - offsets.lowerBound)
    let confidence = UInt16((min(max(result.confidence, 0), 1) * 65535).rounded())
    switch side {
    case .before:
      before[partition]?.classes[index] = number
      before[partition]?.confidences[index] = confidence
      if modelsBefore.count < Self.mostModels { modelsBefore.insert(result.model) }
    case .now:
      now[partition]?.classes[index] = number
      now[partition]?.confidences[index] = confidence
      if modelsNow.count < Self.mostModels { modelsNow.insert(result.model) }
    }
  }

  private mutating func number(of label: String) -> UInt8? {
    if let index = labels.firstIndex(of: label) { return UInt8(index + 1) }
    guard labels.count < Self.mostLabels else { return nil }
    labels.append(label)
    return UInt8(labels.count)
  }

  // MARK: What came of it

  /// - Parameter examples: the most changed labels to name, those that both sides are surest of first.
  func findings(examples most: Int) -> ComparisonFindings {
    var findings = ComparisonFindings(
      labels: labels, modelsBefore: modelsBefore.sorted { $0.name < $1.name }, modelsNow: modelsNow.sorted { $0.name < $1.name })
    for (partition, offsets) in range.partitions.sorted(by: { $0.key < $1.key }) {
      guard let old = before[partition], let new = now[partition] else { continue }
      for index in 0..<offsets.count {
        let pair = (old.classes[index], new.classes[index])
        switch pair {
        case (0, 0): continue
        case (_, 0): findings.onlyBefore += 1
        case (0, _): findings.onlyNow += 1
        default:
          let opinions = [(pair.0, old.confidences[index]), (pair.1, new.confidences[index])].map { number, confidence in
            Opinion(label: labels[Int(number) - 1], confidence: Double(confidence) / 65535)
          }
          findings.note(
            Change(
              place: partition, offset: offsets.lowerBound + Int64(index), before: opinions[0], now: opinions[1]),
            keeping: most)
        }
      }
    }
    return findings
  }
}
