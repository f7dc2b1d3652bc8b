/// A text as a model sees it.
struct TokenisedText: Sendable {
  /// Token ids, [CLS] and [SEP] included.
  var ids: [Int32]
  /// The text had more tokens than the model reads.
  var isTruncated: Bool
}

/// What a model says of one text.
struct Labelling: Sendable {
  /// Probability of each label, in the model's order; they sum to 1.
  var probabilities: [Float]
  /// The model's raw scores, in the same order.
  var logits: [Float]
}

/// Why a text, or a whole batch, got no label, though it could be read.
struct LabellingFailure: Error, Sendable {
  var detail: String
  /// How often the text was tried alone; 1 where trying again cannot help.
  var attempts = 1
}

/// A model that labels texts: the DistilBERT engine, or the constant one of tests and pipeline measurements.
protocol LabellingModel: Sendable {
  var identity: ModelIdentity { get }
  /// By class index.
  var labels: [String] { get }
  /// What a user should know of the model before trusting its labels, a sentence each; usually none.
  var remarks: [String] { get }
  /// The most tokens of a text that the model reads.
  var maximumTokens: Int { get }
  /// - Throws: `LabellingFailure` if the bytes are not UTF-8.
  func tokenise(_ text: Span<UInt8>) throws(LabellingFailure) -> TokenisedText
  /// A lane of its own for one thread.
  /// - Throws: `WorkerError` of kind `model`, such as for want of memory.
  func makeLane() throws(WorkerError) -> any LabellingLane
}

extension LabellingModel {
  var remarks: [String] { [] }
}

/// One thread's means to run a model.
protocol LabellingLane: AnyObject {
  /// Labels a batch; one answer a text, in order, the same whatever shares the batch. A text's own failure is final.
  /// - Throws: `LabellingFailure` if the batch failed as a whole: because of some of its texts, or for a reason that passes.
  func label(_ batch: [TokenisedText]) throws(LabellingFailure) -> [Result<Labelling, LabellingFailure>]
}
