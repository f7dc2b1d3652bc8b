import Foundation
import Telemetry
import Testing

@testable import SentimentWorker

/// Batches that fail, through lanes on threads of their own.
@Suite struct FailingBatchTests {
  private func label(_ texts: [String], _ faults: FaultyModel.Faults, attempts: Int = 2) throws -> [(Int, TextPipeline.Answer)] {
    let answers = Locked<[(Int, TextPipeline.Answer)]>([])
    let pipeline = TextPipeline(
      model: FaultyModel(ConstantModel(label: "Positive"), faults), lanes: 2,
      batch: BatchLimits(tokens: 1000, records: 16, wait: .zero), inFlight: .init(tokens: 1000, bytes: 100_000, records: 100),
      retries: RetryLimits(attempts: attempts, initialBackoff: .milliseconds(1), maximumBackoff: .milliseconds(1))
    ) { text, answer in
      answers.withLock { $0.append((text.number, answer)) }
      return true
    }
    var rest = texts.enumerated().map {
      TextItem(number: $0.offset + 1, line: $0.offset + 1, text: .success(Array($0.element.utf8)))
    }[...]
    try pipeline.run { rest.popFirst() }
    return answers.withLock { $0 }
  }

  @Test func theGuiltyFailAndTheOthersAreLabelledInOrder() throws {
    let guilty: Set = [1, 7, 8, 63, 100]
    let texts = (1...100).map { guilty.contains($0) ? "a poisoned text" : "a good text" }
    let answers = try label(texts, .init(marker: Array("poison".utf8)))
    #expect(answers.map(\.0) == Array(1...100))
    for (number, answer) in answers {
      if case .failed(let reason, _) = answer {
        #expect(guilty.contains(number) && reason == "model-error")
      } else {
        #expect(!guilty.contains(number))
      }
    }
  }

  @Test func failuresThatPassCostNoLabel() throws {
    let answers = try label(Array(repeating: "text", count: 200), .init(everyNthRun: 3), attempts: 5)
    #expect(answers.map(\.0) == Array(1...200))
    for (_, answer) in answers {
      if case .failed = answer { Issue.record("a text got no label") }
    }
  }
}
