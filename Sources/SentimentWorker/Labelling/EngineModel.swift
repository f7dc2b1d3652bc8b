import DistilBERT
import Foundation

/// A DistilBERT directory, loaded: tokeniser and weights, shared by all lanes.
struct EngineModel: LabellingModel {
  let identity: ModelIdentity
  let labels: [String]
  let maximumTokens: Int
  private let model: Model
  private let tokenizer: WordPieceTokenizer
  private let maximumBatchTokens: Int

  /// - Parameter maximumBatchTokens: the most tokens of a batch that a lane will be given at once; sizes its workspace.
  /// - Throws: `WorkerError` of kind `model` that names the file and what is wrong with it.
  init(directory: URL, precision: Precision, maximumBatchTokens: Int) throws(WorkerError) {
    do throws(ModelError) {
      model = try Model(directory: directory, precision: precision)
    } catch {
      throw WorkerError(.model, "\(error)")
    }
    do throws(TokenizerError) {
      tokenizer = try WordPieceTokenizer(directory: directory)
    } catch {
      throw WorkerError(.model, "\(error)")
    }
    let configuration = model.configuration
    guard tokenizer.vocabularyCount <= configuration.vocabularySize else {
      throw WorkerError(
        .model,
        "\(directory.path): the vocabulary has \(tokenizer.vocabularyCount) tokens but the model embeds \(configuration.vocabularySize); "
          + "vocab.txt or tokenizer.json belongs to another model")
    }
    maximumTokens = configuration.maximumPositions
    self.maximumBatchTokens = max(maximumBatchTokens, configuration.maximumPositions)
    identity = ModelIdentity(name: model.name, fingerprint: model.fingerprint, precision: model.precision.rawValue)
    labels = model.labels
  }

  var parameterCount: Int { model.parameterCount }
  var weightBytes: Int { model.weightBytes }

  func tokenise(_ text: Span<UInt8>) throws(LabellingFailure) -> TokenisedText {
    var ids: [Int32] = []
    do throws(TokenizerError) {
      let encoding = try tokenizer.encode(text, maximumTokens: maximumTokens, appendingTo: &ids)
      return TokenisedText(ids: ids, isTruncated: encoding.truncated)
    } catch {
      throw LabellingFailure(detail: "\(error)")
    }
  }

  func makeLane() -> any LabellingLane { EngineLane(model: model, maximumTokens: maximumBatchTokens) }
}

/// A lane of the engine with the arrays that a batch needs, kept from batch to batch.
private final class EngineLane: LabellingLane {
  private let lane: Lane
  private let labels: Int
  private var ids: [Int32] = []
  private var lengths: [Int] = []
  private var logits: [Float] = []

  init(model: Model, maximumTokens: Int) {
    lane = Lane(model: model, maximumTokens: maximumTokens)
    labels = model.labels.count
  }

  func label(_ batch: [TokenisedText]) -> [Result<Labelling, LabellingFailure>] {
    ids.removeAll(keepingCapacity: true)
    lengths.removeAll(keepingCapacity: true)
    for text in batch {
      ids.append(contentsOf: text.ids)
      lengths.append(text.ids.count)
    }
    do throws(ModelError) {
      try lane.forward(ids: ids, lengths: lengths, logits: &logits)
    } catch {
      return batch.map { _ in .failure(LabellingFailure(detail: "\(error)")) }
    }
    return batch.indices.map { index in
      let own = Array(logits[index * labels..<(index + 1) * labels])
      // A model that gives no finite number gives no label, rather than a wrong one.
      guard own.allSatisfy(\.isFinite) else {
        return .failure(LabellingFailure(detail: "the model's scores are not finite: \(own)"))
      }
      return .success(Labelling(probabilities: softmax(own), logits: own))
    }
  }
}
