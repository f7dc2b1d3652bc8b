import Dispatch
import Foundation

/// Turns SIGTERM and SIGINT into an orderly stop; a second one ends the process at once.
///
/// Unchecked: `sources` is set by `init` only, and `count` is touched on `queue` only.
final class StopSignals: @unchecked Sendable {
  private let queue = DispatchQueue(label: "signals")
  private var sources: [any DispatchSourceSignal] = []
  private var count = 0

  /// - Parameter stop: called once, on a queue of its own, at the first signal.
  init(_ stop: @escaping @Sendable (_ signal: String) -> Void) {
    for (number, name) in [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT")] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [self] in
        count += 1
        // 128 + the signal's number, as shells report it.
        if count > 1 { _exit(128 + number) }
        stop(name)
      }
      sources.append(source)
    }
    for source in sources { source.resume() }
  }

  func cancel() {
    for source in sources { source.cancel() }
  }
}
