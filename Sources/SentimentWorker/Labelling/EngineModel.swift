import DistilBERT
import Foundation

/// A model directory's tokeniser, cutting texts where its model stops reading.
struct ModelTokenizer: Sendable {
  let maximumTokens: Int
  let vocabularyCount: Int
  /// What is odd about the vocabulary, each a sentence for a log; usually none.
  let remarks: [String]
  private let tokenizer: WordPieceTokenizer

  /// - Throws: `WorkerError` of kind `model` that names the file and what is wrong with it.
  init(directory: URL) throws(WorkerError) {
    let configuration: ModelConfiguration
    do throws(ModelError) {
      configuration = try ModelConfiguration(directory: directory)
    } catch {
      throw WorkerError(.model, "\(error)")
    }
    try self.init(directory: directory, configuration: configuration)
  }

  init(directory: URL, configuration: ModelConfiguration) throws(WorkerError) {
    do throws(TokenizerError) {
      tokenizer = try WordPieceTokenizer(directory: directory)
    } catch {
      throw WorkerError(.model, "\(error)")
    }
    maximumTokens = min(configuration.maximumPositions, tokenizer.maximumLength ?? .max)
    vocabularyCount = tokenizer.vocabularyCount
    guard vocabularyCount <= configuration.vocabularySize else {
      throw WorkerError(
        .model,
        "\(directory.path): the vocabulary has \(vocabularyCount) tokens but the model embeds \(configuration.vocabularySize); "
          + "vocab.txt or tokenizer.json belongs to another model")
    }
    remarks =
      vocabularyCount == configuration.vocabularySize
      ? []
      : [
        "the vocabulary has \(vocabularyCount) tokens and the model embeds \(configuration.vocabularySize); "
          + "if labels look wrong, vocab.txt or tokenizer.json belongs to another model."
      ]
  }

  /// - Throws: `LabellingFailure` if the bytes are not UTF-8.
  func tokenise(_ text: Span<UInt8>) throws(LabellingFailure) -> TokenisedText {
    var ids: [Int32] = []
    do throws(TokenizerError) {
      let encoding = try tokenizer.encode(text, maximumTokens: maximumTokens, appendingTo: &ids)
      return TokenisedText(ids: ids, isTruncated: encoding.truncated)
    } catch {
      throw LabellingFailure(detail: "\(error)")
    }
  }
}

/// A DistilBERT directory, loaded: tokeniser and weights, shared by all lanes.
struct EngineModel: LabellingModel {
  let identity: ModelIdentity
  let labels: [String]
  /// What is odd about the directory though it can be run, each a sentence for a log; usually none.
  let remarks: [String]
  private let model: Model
  private let tokenizer: ModelTokenizer
  private let maximumBatchTokens: Int
  private let threadsPerLane: Int

  /// - Parameters:
  ///   - maximumBatchTokens: the most tokens of a batch that a lane will be given at once; sizes its workspace.
  ///   - threadsPerLane: threads that compute a batch together.
  /// - Throws: `WorkerError` of kind `model` that names the file and what is wrong with it.
  init(directory: URL, precision: Precision, maximumBatchTokens: Int, threadsPerLane: Int = 1) throws(WorkerError) {
    do throws(ModelError) {
      model = try Model(directory: directory, precision: precision)
    } catch {
      throw WorkerError(.model, "\(error)")
    }
    tokenizer = try ModelTokenizer(directory: directory, configuration: model.configuration)
    self.maximumBatchTokens = max(maximumBatchTokens, tokenizer.maximumTokens)
    self.threadsPerLane = threadsPerLane
    identity = ModelIdentity(
      name: model.name, fingerprint: model.fingerprint, precision: model.effectivePrecision.rawValue,
      kernels: model.kernelDescription)
    labels = model.labels
    remarks = model.remarks + tokenizer.remarks
  }

  var maximumTokens: Int { tokenizer.maximumTokens }
  var parameterCount: Int { model.parameterCount }
  var weightBytes: Int { model.weightBytes }

  func tokenise(_ text: Span<UInt8>) throws(LabellingFailure) -> TokenisedText { try tokenizer.tokenise(text) }

  func makeLane() throws(WorkerError) -> any LabellingLane {
    do throws(ModelError) {
      return EngineLane(
        lane: try Lane(model: model, maximumTokens: maximumBatchTokens, threads: threadsPerLane), labels: labels.count)
    } catch {
      throw WorkerError(.model, "\(error)")
    }
  }
}

/// A lane of the engine with the arrays that a batch needs, kept from batch to batch.
private final class EngineLane: LabellingLane {
  private let lane: Lane
  private let labels: Int
  private var ids: [Int32] = []
  private var lengths: [Int] = []
  private var logits: [Float] = []

  init(lane: Lane, labels: Int) {
    self.lane = lane
    self.labels = labels
  }

  func label(_ batch: [TokenisedText]) throws(LabellingFailure) -> [Result<Labelling, LabellingFailure>] {
    ids.removeAll(keepingCapacity: true)
    lengths.removeAll(keepingCapacity: true)
    for text in batch {
      ids.append(contentsOf: text.ids)
      lengths.append(text.ids.count)
    }
    let notFinite: [Int]
    do throws(ModelError) {
      notFinite = try lane.forward(ids: ids, lengths: lengths, logits: &logits)
    } catch {
      throw LabellingFailure(detail: "\(error)")
    }
    return batch.indices.map { index in
      let own = Array(logits[index * labels..<(index + 1) * labels])
      // A model that gives no finite number gives no label, rather than a wrong one.
      guard !notFinite.contains(index) else {
        return .failure(LabellingFailure(detail: "the model's scores are not finite: \(own)"))
      }
      return .success(Labelling(probabilities: softmax(logits: own), logits: own))
    }
  }
}
