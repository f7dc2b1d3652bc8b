/// How many records got each label, and how confidently.
struct LabelDistribution: Sendable, Equatable {
  /// Upper bounds of the buckets of confidence, but for the last, which ends at 1. Finer near 1, where a trained model's confidences are.
  static let bounds: [Float] = [0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999]
  static let buckets = bounds.count + 1

  /// By class index and, inside of a class, by bucket.
  private(set) var counts: [Int]
  private(set) var confidenceSum = 0.0
  private(set) var records = 0

  /// - Parameter classes: how many labels the model has.
  init(classes: Int) { counts = Array(repeating: 0, count: classes * Self.buckets) }

  /// - Returns: nil where the counts are not of so many classes, or negative.
  init?(classes: Int, counts: [Int], confidenceSum: Double) {
    guard counts.count == classes * Self.buckets, counts.allSatisfy({ $0 >= 0 }), confidenceSum.isFinite else { return nil }
    var sum = 0
    for count in counts {
      let (next, overflow) = sum.addingReportingOverflow(count)
      if overflow { return nil }
      sum = next
    }
    self.counts = counts
    self.confidenceSum = confidenceSum
    records = sum
  }

  var classes: Int { counts.count / Self.buckets }
  /// Nil without records.
  var meanConfidence: Double? { records > 0 ? confidenceSum / Double(records) : nil }

  /// Share of the records with this label, 0…1; nil without records.
  func share(of label: Int) -> Double? {
    guard records > 0 else { return nil }
    let count = counts[label * Self.buckets..<(label + 1) * Self.buckets].reduce(0, +)
    return Double(count) / Double(records)
  }

  mutating func note(label: Int, confidence: Float) {
    let bucket = Self.bounds.firstIndex { confidence < $0 } ?? Self.buckets - 1
    counts[label * Self.buckets + bucket] += 1
    confidenceSum += Double(confidence)
    records += 1
  }

  mutating func add(_ other: LabelDistribution) {
    for index in counts.indices { counts[index] += other.counts[index] }
    confidenceSum += other.confidenceSum
    records += other.records
  }

  /// The population stability index against another one, over labels and buckets of confidence: Σ (pᵢ - qᵢ)·ln(pᵢ / qᵢ), with half a
  /// record added to every bucket so that empty ones count and nothing is infinite. 0 for equal shares, without an upper bound. As the
  /// rule of thumb has it, below 0.1 nothing has changed, and above 0.25 much has (B. Yurdakul, "Statistical Properties of
  /// Population Stability Index", 2018).
  func stabilityIndex(against other: LabelDistribution) -> Double {
    let extra = 0.5
    let whole = Double(records) + extra * Double(counts.count)
    let otherWhole = Double(other.records) + extra * Double(counts.count)
    return zip(counts, other.counts).reduce(0) { sum, pair in
      let p = (Double(pair.0) + extra) / whole
      let q = (Double(pair.1) + extra) / otherWhole
      return sum + (p - q) * (p / q).logarithm
    }
  }
}
