import TestSupport
import Testing

@testable import SentimentWorker

@Suite struct MicroBatcherTests {
  private func batcher(tokens: Int = 100, records: Int = 10, wait: Duration = .zero) -> MicroBatcher<Int> {
    MicroBatcher(limits: BatchLimits(tokens: tokens, records: records, wait: wait))
  }

  @Test func aFreeLaneTakesWhatIsThereAtOnce() {
    var batcher = batcher()
    check(batcher.take(at: 0), nil)
    batcher.append(1, tokens: 5, at: 0)
    check(batcher.take(at: 0), [1])
    check(batcher.take(at: 0), nil)
  }

  @Test func aBatchIsFullByTokensOrByRecords() {
    var byTokens = batcher(tokens: 100)
    for item in 1...5 { byTokens.append(item, tokens: 40, at: 0) }
    check(byTokens.take(at: 0), [1, 2])
    check(byTokens.take(at: 0), [3, 4])
    check(byTokens.take(at: 0), [5])
    var byRecords = batcher(records: 3)
    for item in 1...4 { byRecords.append(item, tokens: 1, at: 0) }
    check(byRecords.take(at: 0), [1, 2, 3])
    #expect(byRecords.tokens == 1)
  }

  @Test func aTextBeyondTheBudgetGoesAlone() {
    var batcher = batcher(tokens: 100)
    for (item, tokens) in [(1, 512), (2, 10), (3, 95)] { batcher.append(item, tokens: tokens, at: 0) }
    check(batcher.take(at: 0), [1])
    check(batcher.take(at: 0), [2])
    check(batcher.take(at: 0), [3])
  }

  @Test func aBatchThatIsNotFullWaitsUntilItsOldestHasWaitedEnough() {
    var batcher = batcher(tokens: 100, wait: .nanoseconds(50))
    batcher.append(1, tokens: 10, at: 100)
    batcher.append(2, tokens: 10, at: 140)
    #expect(batcher.deadline == 150)
    check(batcher.take(at: 149), nil)
    check(batcher.take(at: 150), [1, 2])
    #expect(batcher.deadline == nil)
    batcher.append(3, tokens: 100, at: 200)
    check(batcher.take(at: 200), [3])
    batcher.append(4, tokens: 1, at: 200)
    check(batcher.take(at: 200, isLast: true), [4])
  }

  @Test func removedItemsTakeTheirTokensWithThem() {
    var batcher = batcher()
    for item in 1...6 { batcher.append(item, tokens: item, at: 0) }
    batcher.remove { $0.isMultiple(of: 2) }
    #expect(batcher.count == 3)
    #expect(batcher.tokens == 9)
    check(batcher.take(at: 0), [1, 3, 5])
  }
}

@Suite struct FlowControlTests {
  @Test func eachBoundPausesAndAllMustFallToResume() {
    for (tokens, bytes) in [(100, 1), (1, 1000)] {
      var flow = FlowControl(limits: .init(tokens: 100, bytes: 1000, records: 10))
      check(flow.nextAction(), nil)
      flow.admit(tokens: tokens, bytes: bytes)
      check(flow.nextAction(), .pause)
      check(flow.nextAction(), nil)
      flow.admit(tokens: 51, bytes: 0)
      flow.release(tokens: tokens, bytes: bytes)
      check(flow.nextAction(), nil)
      flow.release(tokens: 51, bytes: 0)
      check(flow.nextAction(), .resume)
      check(flow.nextAction(), nil)
    }
  }

  @Test func recordsAreBoundedToo() {
    var flow = FlowControl(limits: .init(tokens: 100, bytes: 1000, records: 2))
    flow.admit(tokens: 0, bytes: 0)
    check(flow.nextAction(), nil)
    flow.admit(tokens: 0, bytes: 0)
    check(flow.nextAction(), .pause)
    flow.release(tokens: 0, bytes: 0)
    check(flow.nextAction(), .resume)
  }
}

@Suite struct RingBufferTests {
  @Test func itIsAQueueThroughGrowthAndWrapping() {
    var buffer = RingBuffer<Int>()
    var model: [Int] = []
    var random = SeededRandom(seed: 7)
    for step in 0..<5000 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0...5:
        buffer.append(step)
        model.append(step)
      case 6...8:
        check(buffer.popFirst(), model.isEmpty ? nil : model.removeFirst())
      default:
        let position = Int.random(in: 0...model.count, using: &random)
        let isCut = Int.random(in: 0..<8, using: &random) == 0
        if isCut {
          check(buffer.removeSuffix(from: position), Array(model[position...]))
          model.removeSubrange(position...)
        }
      }
      #expect(buffer.count == model.count)
      #expect(buffer.first == model.first)
      if let last = model.last { #expect(buffer[model.count - 1] == last) }
    }
  }
}
