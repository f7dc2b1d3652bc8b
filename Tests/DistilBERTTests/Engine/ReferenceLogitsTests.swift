import Foundation
import TestSupport
import Testing

@testable import DistilBERT

@Suite("Real reviews give PyTorch's f32 logits")
struct ReferenceLogitsTests {
  /// Logits of reviews in batches of some 2,000 tokens, and their largest difference from the reference.
  private func difference(
    _ directory: URL, precision: Precision = .f32, reference: String, limit: Int
  ) throws -> (worst: Float, labels: Int, reviews: Int) {
    let reviews = try EngineFixtures.reviews(logits: reference, limit: limit)
    let lane = try Lane(model: Model(directory: directory, precision: precision))
    var worst: Float = 0
    var labels = 0
    for start in stride(from: 0, to: reviews.count, by: 8) {
      let batch = reviews[start..<min(start + 8, reviews.count)]
      for (logits, review) in zip(try lane.logits(batch.map(\.ids)), batch) {
        worst = zip(logits, review.logits).reduce(worst) { max($0, abs($1.0 - $1.1)) }
        labels += (logits[1] > logits[0]) == (review.logits[1] > review.logits[0]) ? 1 : 0
      }
    }
    return (worst, labels, reviews.count)
  }

  @Test("bundled model", .enabled(if: SharedDirectory.has("reference"), "needs ../shared"))
  func bundled() throws {
    let result = try difference(SharedDirectory.bundledModel, reference: "logits-imdb-minilm-l6.jsonl", limit: 200)
    print("bundled model: largest logit difference \(result.worst) over \(result.reviews) reviews")
    #expect(result.reviews >= 100)
    #expect(result.worst < 1e-4)
    #expect(result.labels == result.reviews)
  }

  @Test("bundled model at int8: nearly all labels", .enabled(if: SharedDirectory.has("reference"), "needs ../shared"))
  func bundledInt8() throws {
    let result = try difference(
      SharedDirectory.bundledModel, precision: .int8, reference: "logits-imdb-minilm-l6.jsonl", limit: 5000)
    print("bundled model at int8: \(result.labels) of \(result.reviews) labels, largest logit difference \(result.worst)")
    #expect(result.reviews >= 100)
    #expect(result.reviews - result.labels <= max(2, result.reviews / 100))
  }

  @Test(
    "bundled model at bf16: 999 labels of 1,000, logits within 0.1",
    .enabled(if: SharedDirectory.has("reference") && BF16Support.isHere, "needs ../shared and AVX-512 BF16"))
  func bundledBF16() throws {
    let result = try difference(
      SharedDirectory.bundledModel, precision: .bf16, reference: "logits-imdb-minilm-l6.jsonl", limit: 5000)
    print("bundled model at bf16: \(result.labels) of \(result.reviews) labels, largest logit difference \(result.worst)")
    #expect(result.reviews >= 100)
    #expect(result.worst < 0.1)
    #expect(result.reviews - result.labels <= result.reviews / 1000)
  }

  @Test(
    "DistilBERT-base size",
    .enabled(if: SharedDirectory.has("reference") && EngineFixtures.baseModel != nil, "needs ../shared and SENTIMENT_BASE_MODEL"))
  func base() throws {
    let directory = try #require(EngineFixtures.baseModel)
    let result = try difference(directory, reference: "logits-base-random.jsonl", limit: 24)
    print("base-size model: largest logit difference \(result.worst) over \(result.reviews) reviews")
    #expect(result.worst < 1e-4)
    #expect(result.labels == result.reviews)
  }
}
