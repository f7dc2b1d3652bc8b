import Foundation
import Testing

/// The bundled sample reviews are what a stranger sees first: whole, distinct and of every length.
@Suite struct SampleReviewsTests {
  struct Sample: Decodable {
    let id: String
    let text: String
    let expected: String
  }

  let samples: [Sample]

  init() throws {
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let file = package.appending(path: "Sources/SentimentWorker/Resources/sample-reviews.jsonl")
    samples = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
      try JSONDecoder().decode(Sample.self, from: Data($0.utf8))
    }
  }

  @Test func idsAndTextsAreDistinct() {
    #expect(samples.count >= 120)
    #expect(Set(samples.map(\.id)).count == samples.count)
    #expect(Set(samples.map(\.text)).count == samples.count)
    #expect(samples.allSatisfy { !$0.text.allSatisfy(\.isWhitespace) })
  }

  @Test func aHumanReadingIsGivenForEach() {
    let counts = Dictionary(grouping: samples, by: \.expected).mapValues(\.count)
    #expect(Set(counts.keys) == ["Positive", "Negative", "Mixed"])
    #expect(counts.values.allSatisfy { $0 >= 15 })
  }

  /// 512 tokens of English are about 390 words: some reviews must be longer, so that truncation is seen.
  @Test func lengthsGoFromOneWordToPastTheModelsLimit() {
    let words = samples.map { $0.text.split(whereSeparator: \.isWhitespace).count }
    #expect(words.filter { $0 >= 420 }.count >= 6)
    #expect(words.filter { (100..<300).contains($0) }.count >= 6)
    #expect(words.filter { $0 <= 5 }.count >= 6)
  }
}
