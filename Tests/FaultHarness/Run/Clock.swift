import Foundation

enum WallClock {
  static var now: WallMilliseconds { Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)) }
}

/// Ends every wait of a run at once when the run is given up.
///
/// Unchecked: `isSet` is touched under `condition`'s lock.
final class StopFlag: @unchecked Sendable {
  private let condition = NSCondition()
  private var isSet = false

  var isRaised: Bool {
    condition.lock()
    defer { condition.unlock() }
    return isSet
  }

  func raise() {
    condition.lock()
    defer { condition.unlock() }
    isSet = true
    condition.broadcast()
  }

  /// Waits; less when the flag is raised meanwhile.
  /// - Returns: whether the whole time has passed.
  @discardableResult
  func wait(_ time: Duration) -> Bool {
    let end = Date(timeIntervalSinceNow: time / .seconds(1))
    condition.lock()
    defer { condition.unlock() }
    while !isSet, condition.wait(until: end) {}
    return !isSet
  }

  /// Waits until `isDone`, asking again and again.
  /// - Returns: false when time is up or the flag was raised.
  func wait(atMost limit: Duration, pause: Duration = .milliseconds(100), until isDone: () throws -> Bool) rethrows -> Bool {
    let end = ContinuousClock.now.advanced(by: limit)
    while try !isDone() {
      guard ContinuousClock.now < end, wait(pause) else { return false }
    }
    return true
  }
}

/// Why a run cannot be made: not a verdict on the workers.
struct HarnessError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
