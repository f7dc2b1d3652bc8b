import TestSupport
import Testing

@testable import SentimentWorker

@Suite("Reading positions")
struct ReadingPositionsTests {
  private var positions = ReadingPositions<String>()

  @Test("offsets that go forward are new, gaps included, and nobody is asked for the log's end")
  mutating func forward() {
    for offset: Int64 in [5, 6, 9, 100] {
      let sight = positions.see(offset, of: "a", timestamp: 0) {
        Issue.record("asked")
        return nil
      }
      #expect(sight == .new)
    }
    #expect(positions.see(3, of: "b", timestamp: 0, logEnd: { nil }) == .new)
  }

  @Test("what a log that goes on brings once more has come already, up to where it was read")
  mutating func again() {
    for offset: Int64 in 0...9 { _ = positions.see(offset, of: "a", timestamp: 0, logEnd: { nil }) }
    let sights = (4...11).map { offset in positions.see(Int64(offset), of: "a", timestamp: 0, logEnd: { 12 }) }
    #expect(sights == Array(repeating: .again, count: 6) + [.new, .new])
    // Read to its end, which is where nothing can be told from a log that ends there.
    #expect(positions.see(11, of: "a", timestamp: 0, logEnd: { 12 }) == .again)
  }

  @Test("a log that ends before what was read has started over, and goes on from there")
  mutating func startedOver() {
    for offset: Int64 in 50...59 { _ = positions.see(offset, of: "a", timestamp: 0, logEnd: { nil }) }
    #expect(positions.see(0, of: "a", timestamp: 0, logEnd: { 2 }) == .startedOver)
    #expect(positions.see(1, of: "a", timestamp: 0, logEnd: { 2 }) == .new)
    #expect(positions.see(1, of: "a", timestamp: 0, logEnd: { 2 }) == .again)
    // Where the end is not known nothing is dropped.
    #expect(positions.see(0, of: "a", timestamp: 0, logEnd: { nil }) == .startedOver)
  }

  @Test("records younger than any that was read are no repetition, however far the log reaches")
  mutating func younger() {
    for offset: Int64 in 0...9 { _ = positions.see(offset, of: "a", timestamp: 1000 - offset, logEnd: { nil }) }
    #expect(positions.see(2, of: "a", timestamp: 1000, logEnd: { 50 }) == .again)
    #expect(positions.see(0, of: "a", timestamp: 1001, logEnd: { 50 }) == .startedOver)
    #expect(positions.see(1, of: "a", timestamp: 1001, logEnd: { 50 }) == .new)
  }

  @Test("a partition that goes and comes back is read from wherever the group says, but not once more")
  mutating func reassigned() {
    for offset: Int64 in 0...7 { _ = positions.see(offset, of: "a", timestamp: 0, logEnd: { nil }) }
    positions.begin("a", finishedBelow: nil)
    #expect(positions.see(3, of: "a", timestamp: 0, logEnd: { 100 }) == .new)
    positions.begin("a", finishedBelow: 5)
    let sights = (3...6).map { offset in positions.see(Int64(offset), of: "a", timestamp: 0, logEnd: { 100 }) }
    #expect(sights == [.again, .again, .new, .new])
    positions.begin("a", finishedBelow: 50)
    #expect(positions.see(0, of: "a", timestamp: 0, logEnd: { 8 }) == .startedOver)
  }

  @Test("whatever a client fetches again of a log that grows, each record is new once", arguments: 0..<50 as Range<UInt64>)
  mutating func random(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var end: Int64 = 1
    var position: Int64 = 0
    var seen: [Int64] = []
    for _ in 0..<500 {
      switch Int.random(in: 0..<10, using: &random) {
      case 0: position = Int64.random(in: 0...position, using: &random)
      case 1...3: end += Int64.random(in: 0...20, using: &random)
      default:
        guard position < end else { continue }
        let sight = positions.see(position, of: "a", timestamp: 0, logEnd: { end })
        #expect(sight != .startedOver)
        if sight == .new { seen.append(position) }
        position += 1
      }
    }
    #expect(seen == Array(0..<Int64(seen.count)))
  }
}
