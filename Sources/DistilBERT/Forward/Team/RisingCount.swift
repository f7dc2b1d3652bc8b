import CKernels
import Foundation
import Synchronization

/// A count that only rises, and threads that wait until it has risen far enough.
///
/// A waiting thread looks for some microseconds, then lets others run in between, then sleeps: what it waits for is nearly
/// always about to happen, but the machine may have other work for this core. What a thread wrote before `add` is seen by whoever
/// waited for that count.
///
/// `@unchecked Sendable`: all state is atomic, or belongs to `condition`.
final class RisingCount: @unchecked Sendable {
  private static let looks = 100
  private static let yields = 200

  private let value = Atomic<Int>(0)
  /// Threads that sleep or are about to.
  private let sleepers = Atomic<Int>(0)
  private let condition = NSCondition()

  func add() {
    value.add(1, ordering: .sequentiallyConsistent)
    // Either this sees a sleeper, which has then locked `condition` and waits or will see the new value, or the sleeper looks at the
    // value after this has changed it: both sides write first and read second, in one order for all.
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 {
      condition.lock()
      condition.broadcast()
      condition.unlock()
    }
  }

  /// Returns once the count is `target` or more.
  func wait(for target: Int) {
    for _ in 0..<Self.looks {
      if value.load(ordering: .acquiring) >= target { return }
      ck_pause()
    }
    for _ in 0..<Self.yields {
      if value.load(ordering: .acquiring) >= target { return }
      sched_yield()
    }
    condition.lock()
    sleepers.add(1, ordering: .sequentiallyConsistent)
    while value.load(ordering: .sequentiallyConsistent) < target { condition.wait() }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
    condition.unlock()
  }
}
