import Foundation
import Kafka
import Testing

/// The bundled model on real reviews, from topic to topic, against the reference's scores.
@Suite(
  .enabled(if: ReferenceData.isThere, "there is no reference data: SENTIMENT_SHARED_DIR names none"))
struct ModelTests {
  /// 150 reviews, or all 5,000 on demand.
  private static let count = ProcessInfo.processInfo.environment["SENTIMENT_TEST_ALL_REVIEWS"] == "1" ? 5000 : 150

  @Test("labels are the reference's, probabilities within 0.001", arguments: Broker.available)
  func labels(broker: Broker) throws {
    let reviews = try ReferenceData.reviews(Self.count)
    try Stage.play(on: broker) { stage in
      let sent = try stage.feed(
        reviews.map { review in
          let value = try JSONSerialization.data(withJSONObject: ["id": review.id, "text": review.text])
          return Message(key: Array(review.id.utf8), bytes: Array(value))
        })
      let worker = try stage.launch(environment: [:])
      try stage.reader().read(count: sent.count, within: patience + .milliseconds(100) * reviews.count)
      worker.send(SIGTERM)
      #expect(try worker.waitForExit() == .status(0))
      let outcomes = try stage.everything()
      #expect(outcomes.deadLetters.isEmpty)
      try outcomes.expectNothingLost(of: sent)
      try outcomes.expectNoDuplicates()
      try outcomes.expectOrder()

      let byID = Dictionary(uniqueKeysWithValues: reviews.map { (Array($0.id.utf8), $0) })
      var farthest = 0.0
      for record in outcomes.results {
        let result = try ResultRecord(record)
        let review = try #require(byID[record.key ?? []])
        #expect(result.label == review.label, "\(review.id)")
        let positive = try #require(result.probabilities["Positive"])
        let negative = try #require(result.probabilities["Negative"])
        farthest = max(farthest, abs(positive - review.positive), abs(negative - (1 - review.positive)))
        #expect(result.confidence == max(positive, negative))
        #expect((1...512).contains(result.tokens) && (!result.truncated || result.tokens == 512))
        #expect(result.model.name == "imdb-minilm-l6" && result.model.precision == "f32")
      }
      #expect(farthest < 0.001, "the farthest probability is off by \(farthest)")
    }
  }
}
