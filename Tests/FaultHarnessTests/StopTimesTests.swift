import Testing

@testable import FaultHarness

@Suite("How long changes of the number of workers stop the stream")
struct StopTimesTests {
  private func outcome(_ partition: Int32, at time: WallMilliseconds) -> OutcomeRecord {
    OutcomeRecord(
      topic: .output, place: Place(partition: 0, offset: time), appendedAt: time, id: "\(partition)-\(time)", fate: .labelled,
      source: Place(partition: partition, offset: time))
  }

  @Test("gaps count from the change to the next one, over all and by partition")
  func gaps() {
    // Two partitions, an outcome each 10 ms; partition 1 stands still from 1000 to 1300, both from 1100 to 1150.
    var outcomes: [OutcomeRecord] = []
    for time in stride(from: Int64(500), to: 2000, by: 10) {
      if !(1100..<1150).contains(time) { outcomes.append(outcome(0, at: time)) }
      if !(1000..<1300).contains(time) { outcomes.append(outcome(1, at: time)) }
    }
    let changes = [PodChange(from: 1, to: 4, at: 1000), PodChange(from: 4, to: 2, at: 1500)]
    let times = StopTimes(changes, outcomes: outcomes.shuffled(), begin: 500, end: 2000)
    #expect(times.calm?.all == 10 && times.calm?.partition == 10)
    #expect(times.stops.map(\.all) == [60, 10] && times.stops.map(\.partition) == [300, 10])
    #expect(times.stops.map(\.change) == changes)
  }

  @Test("what never comes back counts to the end")
  func never() {
    let outcomes = [outcome(0, at: 100), outcome(0, at: 200)]
    let times = StopTimes([PodChange(from: 1, to: 2, at: 150)], outcomes: outcomes, begin: 0, end: 1000)
    #expect(times.stops.map(\.all) == [800])
    let nothing = StopTimes([PodChange(from: 1, to: 2, at: 300)], outcomes: outcomes, begin: 0, end: 1000)
    #expect(nothing.stops.map(\.all) == [700] && nothing.stops.map(\.outcomes) == [0])
  }
}
