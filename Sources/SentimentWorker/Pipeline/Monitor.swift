import Foundation

/// State shared by threads, and the means to wait until it has changed.
///
/// Unchecked: every access to `state` is made by `withLock` or `wait`, both under `condition`'s lock.
final class Monitor<State>: @unchecked Sendable {
  private let condition = NSCondition()
  private var state: State

  init(_ state: State) { self.state = state }

  func withLock<Result, Failure: Error>(_ body: (inout State) throws(Failure) -> Result) throws(Failure) -> Result {
    condition.lock()
    defer { condition.unlock() }
    return try body(&state)
  }

  /// Changes the state and wakes every waiter.
  func update<Result>(_ body: (inout State) -> Result) -> Result {
    condition.lock()
    defer { condition.unlock() }
    let result = body(&state)
    condition.broadcast()
    return result
  }

  /// Waits until `body` gives a value or `deadline` has passed; asks again whenever the state changed.
  /// - Parameter body: also says when to ask again at the latest, by setting its second argument.
  func wait<Result>(until deadline: Nanoseconds, for body: (inout State, inout Nanoseconds) -> Result?) -> Result? {
    condition.lock()
    defer { condition.unlock() }
    while true {
      var wakeUp = deadline
      if let result = body(&state, &wakeUp) { return result }
      let now = MonotonicClock.now
      guard now < deadline else { return nil }
      let pause = Double(max(min(wakeUp, deadline), now &+ 50_000) - now) / 1e9
      // The condition knows only the wall clock, which may be set: look at the monotonic one every second.
      _ = condition.wait(until: Date(timeIntervalSinceNow: min(pause, 1)))
    }
  }
}
