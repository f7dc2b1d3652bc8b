import DistilBERT

/// How far the labels and probabilities of one precision are from those of f32 on the same texts, and both from the truth.
struct Agreement: Sendable, Equatable {
  var texts: Int
  /// Share of the texts that get f32's label, 0…1.
  var sameLabel: Double
  /// By how much a label's probability differs from f32's, over all texts and labels, 0…1.
  var meanDifference: Double
  var p99Difference: Double
  var maximumDifference: Double

  /// - Parameters:
  ///   - logits: of each text; as many as `reference` has.
  ///   - reference: f32's.
  init(of logits: [[Float]], with reference: [[Float]]) {
    texts = reference.count
    var same = 0
    var differences: [Double] = []
    for (own, other) in zip(logits, reference) {
      if Self.best(own) == Self.best(other) { same += 1 }
      for (p, q) in zip(softmax(logits: own), softmax(logits: other)) { differences.append(Double(abs(p - q))) }
    }
    sameLabel = Double(same) / Double(max(texts, 1))
    meanDifference = Statistics.mean(differences)
    differences.sort()
    p99Difference = Statistics.percentile(0.99, of: differences)
    maximumDifference = differences.last ?? .nan
  }

  /// The class with the highest logit; of equal ones the first.
  static func best(_ logits: [Float]) -> Int? {
    logits.indices.max { logits[$0] < logits[$1] || (logits[$0] == logits[$1] && $0 > $1) }
  }
}

/// How many texts of known class get it.
struct Accuracy: Sendable, Equatable {
  var texts: Int
  /// 0…1
  var share: Double

  /// Nil if no text's class is known.
  init?(of logits: [[Float]], classes: [Int?]) {
    var known = 0
    var right = 0
    for (own, truth) in zip(logits, classes) {
      guard let truth else { continue }
      known += 1
      if Agreement.best(own) == truth { right += 1 }
    }
    guard known > 0 else { return nil }
    texts = known
    share = Double(right) / Double(known)
  }
}
