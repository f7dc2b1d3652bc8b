import Dispatch
import Foundation

/// A thread of its own for work that blocks, which Swift's cooperative pool must never do.
///
/// Unchecked: everything is set once by `init`, and may be used from any thread.
final class JoinableThread: @unchecked Sendable {
  private let ended = DispatchSemaphore(value: 0)
  private let thread: Thread
  /// False if the system gave no thread, which Foundation does not tell.
  let isStarted: Bool

  /// Starts `body` on a new thread.
  /// - Parameter name: shown by `top -H` and debuggers; Linux keeps the first 15 bytes.
  init(name: String, body: @escaping @Sendable () -> Void) {
    let ended = ended
    let began = DispatchSemaphore(value: 0)
    thread = Thread {
      began.signal()
      body()
      ended.signal()
    }
    thread.name = name
    thread.stackSize = 4 << 20
    thread.start()
    isStarted = began.wait(timeout: .now() + 10) == .success
  }

  /// Waits until the thread has ended; returns at once for one that was never started.
  func join() {
    guard isStarted else { return }
    ended.wait()
    ended.signal()
  }
}
