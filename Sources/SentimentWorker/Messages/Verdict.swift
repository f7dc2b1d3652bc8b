/// What the model says of one review.
struct Verdict: Sendable, Equatable {
  /// The model's labels in the order of its classes, one or more; shared by all verdicts of a model.
  let labels: [String]
  /// One for each label, in the same order, 0…1.
  let probabilities: [Float]
  /// How many tokens the model read, `[CLS]` and `[SEP]` included.
  let tokens: Int
  /// Whether the review has more tokens than the model can read.
  let truncated: Bool
  /// The class with the highest probability; of equal ones the first.
  let classIndex: Int

  /// - Precondition: as many probabilities as labels, and at least one.
  init(labels: [String], probabilities: [Float], tokens: Int, truncated: Bool) {
    precondition(labels.count == probabilities.count && !labels.isEmpty, "a probability for each label")
    self.labels = labels
    self.probabilities = probabilities
    self.tokens = tokens
    self.truncated = truncated
    var best = 0
    for index in probabilities.indices where probabilities[index] > probabilities[best] { best = index }
    classIndex = best
  }

  var label: String { labels[classIndex] }
  /// The label's probability.
  var confidence: Float { probabilities[classIndex] }
}

/// Which model, at which precision, gave a verdict.
struct ModelIdentity: Sendable, Equatable {
  let name: String
  /// Names the model's exact weights, vocabulary and configuration.
  let fingerprint: String
  /// The precision that was computed in: `f32`, `bf16`, `int8`.
  let precision: String
  /// What multiplies at that precision, for log and stats. No part of results: at int8 labels do not depend on it.
  var kernels = ""
}

/// Where in Kafka a message comes from.
struct MessageSource: Sendable, Equatable {
  let topic: String
  let partition: Int32
  let offset: Int64
  /// Milliseconds since 1970-01-01T00:00:00Z; nil if the message has none.
  let timestamp: Int64?
}
