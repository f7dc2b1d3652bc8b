import Testing

@testable import SentimentWorker

@Suite struct TopicSpecificationTests {
  @Test func aNameAndPartitions() throws {
    let plain = try #require(TopicSpecification("reviews-2.labelled_x"))
    #expect(plain.name == "reviews-2.labelled_x" && plain.partitions == 4)
    #expect(TopicSpecification("reviews:12")?.partitions == 12)
  }

  @Test(arguments: [
    "", ".", "..", "two words", "naïve", "a/b", "a:", "a:0", "a:1001", "a:1:1", String(repeating: "x", count: 250),
  ])
  func whatKafkaWouldRefuse(text: String) {
    #expect(TopicSpecification(text) == nil)
  }
}
