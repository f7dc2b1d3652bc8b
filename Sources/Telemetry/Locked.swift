import Foundation

/// A value that one thread at a time may touch.
///
/// Stands on a pthread mutex (`NSLock`) and not on `Synchronization.Mutex`, because the thread sanitizer sees pthread locks only: it
/// takes every contended `Mutex` on Linux for a data race. An uncontended lock costs some 10 ns.
///
/// `@unchecked Sendable`: `lock` guards `value`, and nothing else refers to it.
public final class Locked<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var value: Value

  public init(_ value: Value) { self.value = value }

  /// Gives `body` the value alone; `body` must not call back here.
  public func withLock<R, E: Error>(_ body: (inout Value) throws(E) -> R) throws(E) -> R {
    lock.lock()
    defer { lock.unlock() }
    return try body(&value)
  }
}
