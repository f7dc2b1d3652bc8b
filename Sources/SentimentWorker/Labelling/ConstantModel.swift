/// A test hook: gives every text the same label at once, so that the pipeline can be measured and tested without a model.
struct ConstantModel: LabellingModel {
  let identity = ModelIdentity(name: "constant", fingerprint: "constant", precision: "none")
  let labels: [String]
  let maximumTokens = 512
  private let labelling: Labelling

  /// - Parameter label: the label that every text gets, with probability 1.
  init(label: String) {
    labels = [label]
    labelling = Labelling(probabilities: [1], logits: [0])
  }

  func tokenise(_ text: Span<UInt8>) throws(LabellingFailure) -> TokenisedText { TokenisedText(ids: [], isTruncated: false) }

  func makeLane() -> any LabellingLane { Lane(labelling: labelling) }

  private final class Lane: LabellingLane {
    let labelling: Labelling
    init(labelling: Labelling) { self.labelling = labelling }
    func label(_ batch: [TokenisedText]) -> [Result<Labelling, LabellingFailure>] { batch.map { _ in .success(labelling) } }
  }
}
