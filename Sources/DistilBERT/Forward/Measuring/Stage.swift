/// The parts of a forward pass that are timed apart, in the order in which they run.
public enum Stage: Int, Sendable, CaseIterable {
  /// Words and positions added up, and their layer norm.
  case embedding
  /// The product that gives queries, keys and values.
  case attentionInput
  /// Scores, softmax and context; at 8 bits also the coding of queries, keys and values.
  case attention
  /// The product after attention.
  case attentionOutput
  /// The first product of the feed-forward layers.
  case feedForwardIn
  /// GELU or ReLU between them; at 8 bits also the coding of what comes out. At bf16 it is part of `feedForwardIn`.
  case activation
  /// The second product of the feed-forward layers.
  case feedForwardOut
  /// The layer norms with their residual sums; at 8 bits also the coding of what comes out.
  case norm
  /// The last layer, which is computed for first tokens only, and the classifier.
  case head
}

/// Time spent in each stage.
public struct StageTimes: Sendable, Equatable {
  private var durations: [Duration]

  public init() { durations = Array(repeating: .zero, count: Stage.allCases.count) }

  public subscript(stage: Stage) -> Duration {
    get { durations[stage.rawValue] }
    set { durations[stage.rawValue] = newValue }
  }

  public var total: Duration { durations.reduce(.zero, +) }
}
