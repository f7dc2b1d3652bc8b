import Foundation

/// Takes lines without ever waiting for who reads them: a thread of its own writes them, and what it cannot keep up with is
/// dropped and counted.
///
/// `@unchecked Sendable`: `condition` guards `state`; `output` and `capacity` do not change.
public final class BackgroundLineOutput: @unchecked Sendable {
  private struct State {
    var lines: [[UInt8]] = []
    /// Whether the thread has lines that are not yet written.
    var isWriting = false
    var isClosed = false
    var dropped = 0
  }

  private let output: LineOutput
  private let capacity: Int
  private let condition = NSCondition()
  private var state = State()

  /// - Parameter capacity: how many lines wait at most; a line that comes to a full queue is dropped.
  public init(_ output: LineOutput, capacity: Int = 1024) {
    self.output = output
    self.capacity = capacity
    let thread = Thread { [self] in writeLines() }
    thread.name = "lines"
    thread.start()
  }

  /// Queues one line, which ends with its newline; after `close` it is dropped.
  public func write(_ line: [UInt8]) {
    condition.lock()
    defer { condition.unlock() }
    guard state.lines.count < capacity, !state.isClosed else {
      state.dropped += 1
      return
    }
    state.lines.append(line)
    condition.broadcast()
  }

  /// Takes no more lines and waits until those taken are written, but no longer than `patience`.
  /// - Returns: how many lines were dropped or are still not written.
  @discardableResult
  public func close(patience: Duration) -> Int {
    let (seconds, attoseconds) = patience.components
    let deadline = Date(timeIntervalSinceNow: Double(seconds) + Double(attoseconds) / 1e18)
    condition.lock()
    defer { condition.unlock() }
    state.isClosed = true
    condition.broadcast()
    while state.isWriting || !state.lines.isEmpty {
      guard condition.wait(until: deadline) else { break }
    }
    return state.dropped + state.lines.count + (state.isWriting ? 1 : 0)
  }

  private func writeLines() {
    while let line = nextLine() {
      output.write(line)
      condition.lock()
      state.isWriting = false
      condition.broadcast()
      condition.unlock()
    }
  }

  /// Waits for a line; nil when there will be none.
  private func nextLine() -> [UInt8]? {
    condition.lock()
    defer { condition.unlock() }
    while state.lines.isEmpty {
      if state.isClosed { return nil }
      condition.wait()
    }
    state.isWriting = true
    return state.lines.removeFirst()
  }
}
