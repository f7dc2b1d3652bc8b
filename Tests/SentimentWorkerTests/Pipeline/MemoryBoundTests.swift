import Testing

@testable import SentimentWorker

@Suite struct MemoryBoundTests {
  @Test func theTermsAreThoseOfTheDocumentation() {
    let limits = FlowControl.Limits(tokens: 65536, bytes: 64 << 20, records: 50_000)
    let bound = MemoryBound(limits: limits, prefetchBytes: 32 << 20, answerBytes: 4 << 20, isEnriching: false)
    #expect(bound.prefetched == 36 << 20)
    #expect(bound.messages == 72 << 20)
    #expect(bound.bookkeeping == 50_000 * 2048)
    #expect(bound.tokens == 8 * 65536)
    #expect(bound.results == 2 * 768 * 50_000)
    #expect(bound.total == bound.prefetched + bound.messages + bound.bookkeeping + bound.tokens + bound.results)
    let enriching = MemoryBound(limits: limits, prefetchBytes: 32 << 20, answerBytes: 4 << 20, isEnriching: true)
    #expect(enriching.total - bound.total == 128 << 20)
  }

  @Test func nothingOverflows() {
    let limits = FlowControl.Limits(tokens: .max, bytes: .max, records: .max)
    #expect(MemoryBound(limits: limits, prefetchBytes: .max, answerBytes: .max, isEnriching: true).total == .max)
  }
}
