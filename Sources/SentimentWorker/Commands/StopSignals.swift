import Dispatch
import Foundation
import Telemetry

/// Turns SIGTERM and SIGINT into an orderly stop; a second one ends the process at once.
///
/// Unchecked: `sources` is set by `init` only, and `firstAt` is touched on `queue` only.
final class StopSignals: @unchecked Sendable {
  /// A signal this soon after the first is the same wish: GNU `timeout` and some supervisors send theirs to the process and to
  /// its group.
  private static let sameWish = Duration.milliseconds(500)

  private let queue = DispatchQueue(label: "signals")
  private var sources: [any DispatchSourceSignal] = []
  private var firstAt: Nanoseconds?

  /// - Parameter stop: called once, on a queue of its own, at the first signal.
  init(_ stop: @escaping @Sendable (_ signal: String) -> Void) {
    for (number, name) in [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [self] in
        let now = MonotonicClock.now
        guard let firstAt else {
          firstAt = now
          return stop(name)
        }
        // 128 + the signal's number, as shells report it.
        if now >= firstAt &+ Self.sameWish.nanoseconds { _exit(128 + number) }
      }
      sources.append(source)
    }
    for source in sources { source.resume() }
  }

  func cancel() {
    for source in sources { source.cancel() }
  }
}

/// A wish to stop, which may be there before there is anything to stop.
final class StopRequest: Sendable {
  private let state = Locked<(isMade: Bool, stop: (@Sendable () -> Void)?)>((false, nil))

  var isMade: Bool { state.withLock { $0.isMade } }

  func make() {
    let stop = state.withLock { state in
      state.isMade = true
      return state.stop
    }
    stop?()
  }

  /// Calls `stop` when the wish is made: at once if it already is.
  func whenMade(_ stop: @escaping @Sendable () -> Void) {
    let isMade = state.withLock { state in
      state.stop = stop
      return state.isMade
    }
    if isMade { stop() }
  }
}
