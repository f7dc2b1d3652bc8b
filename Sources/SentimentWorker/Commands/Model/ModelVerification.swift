import DistilBERT
import Foundation
import ModelHub

/// Whether a model is whole and computes right on this machine: step by step, each with what was found.
struct ModelVerification {
  struct Finding {
    enum Outcome: String { case ok, failed, note }
    var step: String
    var outcome: Outcome
    var text: String
  }

  let directory: URL
  let precisions: [Precision]
  let golden: GoldenLogits
  let reviews: [SampleReview]

  /// Sample reviews that a model without golden logits labels.
  private static let otherModelReviews = 8
  /// What bf16 may be away from PyTorch's f64: it keeps 8 bits of each weight and product.
  private static let bf16Tolerance = 0.1

  /// - Parameter report: takes each finding when it is made.
  /// - Returns: whether nothing failed.
  func run(report: (Finding) -> Void) -> Bool {
    var isSound = checkFiles(report)
    var isGolden = false
    for precision in precisions {
      do throws(WorkerError) {
        let model = try EngineModel(directory: directory, precision: precision, maximumBatchTokens: 512)
        isGolden = model.identity.fingerprint == golden.fingerprint
        let isRight = try check(model, precision, isGolden: isGolden, report)
        isSound = isSound && isRight
      } catch {
        report(.init(step: precision.rawValue, outcome: .failed, text: error.description))
        isSound = false
      }
    }
    if !isGolden {
      report(
        .init(
          step: "not verified", outcome: .note,
          text:
            "whether its scores are those of its author: nothing to compare with comes with it. Compare some of your texts: classify --output jsonl --detail prints logits"
        ))
    }
    return isSound
  }

  // MARK: Files

  private func checkFiles(_ report: (Finding) -> Void) -> Bool {
    do throws(HubError) {
      guard let manifest = try ModelManifest(directory: directory) else {
        report(
          .init(
            step: "files", outcome: .note,
            text: "not compared with anything: no \(ModelManifest.fileName), since model fetch did not write this directory"))
        return true
      }
      let differences = manifest.differences(in: directory)
      for difference in differences { report(.init(step: "files", outcome: .failed, text: difference)) }
      if differences.isEmpty {
        let origin = manifest.source.map { "\($0.repository) at \($0.revision)" } ?? "the model that comes with the program"
        report(.init(step: "files", outcome: .ok, text: "\(manifest.files.count) files have the sizes and SHA-256 of \(origin)"))
      }
      return differences.isEmpty
    } catch {
      report(.init(step: "files", outcome: .failed, text: error.description))
      return false
    }
  }

  // MARK: Computing

  private func check(_ model: EngineModel, _ precision: Precision, isGolden: Bool, _ report: (Finding) -> Void)
    throws(WorkerError) -> Bool
  {
    let step = precision.rawValue
    for remark in model.remarks { report(.init(step: step, outcome: .note, text: remark)) }
    let texts = isGolden ? reviews : Array(reviews.prefix(Self.otherModelReviews))
    let logits: [[Float]]
    do {
      logits = try Self.logits(of: texts, model)
    } catch let failure as LabellingFailure {
      report(.init(step: step, outcome: .failed, text: failure.detail))
      return false
    } catch let error as WorkerError {
      throw error
    } catch {
      throw WorkerError(.model, "\(error)")
    }
    guard isGolden else {
      report(
        .init(
          step: step, outcome: .ok,
          text: "loaded (fingerprint \(model.identity.fingerprint)); \(texts.count) sample reviews give finite scores"))
      return true
    }
    return compare(logits, precision, computedIn: model.identity.precision, report)
  }

  private static func logits(of reviews: [SampleReview], _ model: EngineModel) throws -> [[Float]] {
    let lane = try model.makeLane()
    return try reviews.flatMap { review in
      try lane.label([try model.tokenise(Array(review.text.utf8).span)]).map { try $0.get().logits }
    }
  }

  private func compare(_ logits: [[Float]], _ precision: Precision, computedIn effective: String, _ report: (Finding) -> Void)
    -> Bool
  {
    let step = precision.rawValue
    guard let difference = golden.difference(from: logits) else {
      report(.init(step: step, outcome: .failed, text: "the sample reviews are not those of golden-logits.json"))
      return false
    }
    let labels = "\(golden.sameLabels(as: logits)) of \(logits.count) labels"
    let distance = "largest logit difference from PyTorch \(Self.scientific(difference))"
    if precision == .int8 {
      let found = GoldenLogits.digest(of: logits)
      let isKnown = found == golden.int8Digest
      report(
        .init(
          step: step, outcome: isKnown ? .ok : .failed,
          text: isKnown
            ? "scores of \(logits.count) reviews are the known ones to the bit (\(found)); \(labels), \(distance)"
            : "scores have the digest \(found); expected \(golden.int8Digest): this machine computes other bits than every other one should"
        ))
      return isKnown
    }
    let tolerance = effective == Precision.bf16.rawValue ? Self.bf16Tolerance : golden.tolerance
    let isNear = difference <= tolerance
    report(
      .init(
        step: step, outcome: isNear ? .ok : .failed,
        text: "\(labels); \(distance), \(isNear ? "within" : "more than") \(Self.scientific(tolerance))"))
    return isNear
  }

  private static func scientific(_ value: Double) -> String {
    guard value > 0, value < 0.01 else { return Figures.decimal(value, 3) }
    let exponent = Int(Foundation.log10(value).rounded(.down))
    return Figures.decimal(value * Foundation.pow(10, Double(-exponent)), 1) + "e\(exponent)"
  }
}
