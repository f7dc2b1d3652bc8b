import Synchronization

/// Ends another thread's wait in `Consumer.poll`, for instance because there are results to send.
public final class Waker: Sendable {
  private let handle: Mutex<ClientHandle?>

  init(handle: ClientHandle) { self.handle = Mutex(handle) }

  /// Makes the poll that waits now, or else the next one, return at once, usually with `.nothing`. From any thread, but not
  /// from a signal handler. Does nothing once the consumer is closed.
  public func wake() { handle.withLock { $0?.wake() } }

  /// Lets go of the client, so that a waker kept somewhere does not keep it alive.
  func close() {
    let released = handle.withLock { handle in
      defer { handle = nil }
      return handle
    }
    _ = released  // outside the lock: this may be the last reference, whose end blocks
  }
}
