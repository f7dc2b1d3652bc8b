import Dispatch
import Foundation

/// A thread of its own for work that blocks, which Swift's cooperative pool must never do.
///
/// Unchecked: `thread` and `ended` are set once by `init` and both may be used from any thread.
final class JoinableThread: @unchecked Sendable {
  private let ended = DispatchSemaphore(value: 0)
  private let thread: Thread

  /// Starts `body` on a new thread.
  /// - Parameter name: shown by `top -H` and debuggers; Linux keeps the first 15 bytes.
  init(name: String, body: @escaping @Sendable () -> Void) {
    let ended = ended
    thread = Thread {
      body()
      ended.signal()
    }
    thread.name = name
    thread.stackSize = 4 << 20
    thread.start()
  }

  /// Waits until the thread has ended.
  func join() {
    ended.wait()
    ended.signal()
  }
}
