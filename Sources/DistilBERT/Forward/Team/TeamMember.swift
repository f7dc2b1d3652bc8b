/// One thread's place among the threads that run a lane's passes together. It belongs to that thread.
///
/// The members meet where one reads what others have written, and where one overwrites what others may still read. All of them
/// take the same meetings in the same order, and none arrives for the next before all have arrived for the last.
final class TeamMember {
  /// 0 is the thread that called the lane.
  let index: Int
  let count: Int
  private let arrivals: RisingCount
  private var meetings = 0

  /// All members of a team.
  static func team(of count: Int) -> [TeamMember] {
    let arrivals = RisingCount()
    return (0..<count).map { TeamMember(index: $0, count: count, arrivals: arrivals) }
  }

  private init(index: Int, count: Int, arrivals: RisingCount) {
    self.index = index
    self.count = count
    self.arrivals = arrivals
  }

  /// Waits until all have come here: then each may read what the others wrote before.
  func meet() {
    arrive()
    wait()
  }

  /// Tells the others that this member is past what they wait for, once all have arrived for the meeting before.
  func arrive() {
    guard count > 1 else { return }
    wait()
    meetings += 1
    arrivals.add()
  }

  /// Waits until all have arrived where this member did last.
  func wait() {
    if count > 1 { arrivals.wait(for: meetings * count) }
  }

  /// This member's part of `total` columns, heads or blocks, in whole multiples of `unit`; may be empty.
  func share(of total: Int, unit: Int = 1) -> Range<Int> {
    func start(_ index: Int) -> Int { index == count ? total : total * index / count / unit * unit }
    return start(index)..<start(index + 1)
  }
}
