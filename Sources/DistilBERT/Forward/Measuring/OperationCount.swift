/// Operations of matrix products and attention, a multiplication and an addition counted as two. Layer norms, activations and
/// softmax are not counted: they are less than a hundredth.
public struct OperationCount: Sendable, Equatable {
  /// What this engine computes: of the last layer only what the classifier reads.
  public var computed: Double
  /// What the whole model takes, every token through every layer: the figure to compare with other engines.
  public var wholeModel: Double

  public init(computed: Double, wholeModel: Double) {
    self.computed = computed
    self.wholeModel = wholeModel
  }

  public static func + (a: OperationCount, b: OperationCount) -> OperationCount {
    OperationCount(computed: a.computed + b.computed, wholeModel: a.wholeModel + b.wholeModel)
  }
}

extension ModelConfiguration {
  /// Operations of one sequence of `length` tokens.
  public func operations(ofSequence length: Int) -> OperationCount {
    let tokens = Double(length)
    let d = Double(dimension)
    let h = Double(hiddenDimension)
    let projections = 4 * d * d + 2 * d * h
    // Scores and context.
    let layer = tokens * (projections + 2 * tokens * d)
    let classifier = d * d + d * Double(labels.count)
    guard layers > 0 else { return OperationCount(computed: 2 * classifier, wholeModel: 2 * classifier) }
    // For the first token: the same projections, with keys and values absorbed (see `ClassifierHead`), and for each head the
    // products of the absorbed query and of the probabilities with all states.
    let last = projections + 2 * Double(heads) * tokens * d
    return OperationCount(
      computed: 2 * (Double(layers - 1) * layer + last + classifier), wholeModel: 2 * (Double(layers) * layer + classifier))
  }
}
