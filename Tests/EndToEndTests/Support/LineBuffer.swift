import Foundation

/// The lines of a program's output stream, as they come.
///
/// Unchecked: everything mutable is touched under `condition`'s lock.
final class LineBuffer: @unchecked Sendable {
  private let condition = NSCondition()
  private var complete: [String] = []
  private var rest: [UInt8] = []
  private var isClosed = false

  /// Takes in everything that a pipe gives until its end, on a thread of its own.
  func read(from handle: FileHandle) {
    Thread.detachNewThread { [self] in
      while true {
        let data = handle.availableData
        if data.isEmpty { break }
        append(data)
      }
      close()
    }
  }

  private func append(_ data: Data) {
    condition.lock()
    defer { condition.unlock() }
    rest += data
    while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
      complete.append(String(decoding: rest[..<newline], as: UTF8.self))
      rest.removeFirst(newline + 1)
    }
    condition.broadcast()
  }

  private func close() {
    condition.lock()
    defer { condition.unlock() }
    if !rest.isEmpty { complete.append(String(decoding: rest, as: UTF8.self)) }
    rest = []
    isClosed = true
    condition.broadcast()
  }

  var lines: [String] {
    condition.lock()
    defer { condition.unlock() }
    return complete
  }

  /// Waits for the first line, of those there are and those to come, that `isWanted`.
  /// - Throws: `TimedOut` when time is up, or the stream ended without one.
  @discardableResult
  func wait(for what: String, within limit: Duration = patience, where isWanted: (String) -> Bool) throws -> String {
    let end = Date(timeIntervalSinceNow: limit / .seconds(1))
    condition.lock()
    defer { condition.unlock() }
    var seen = 0
    while true {
      for line in complete[seen...] where isWanted(line) { return line }
      seen = complete.count
      if isClosed { throw TimedOut(description: "the program's output ended without \(what)") }
      if !condition.wait(until: end) { throw TimedOut(description: "waited \(limit) for \(what)") }
    }
  }

  /// Waits until the stream has ended.
  func waitForEnd(within limit: Duration) throws {
    let end = Date(timeIntervalSinceNow: limit / .seconds(1))
    condition.lock()
    defer { condition.unlock() }
    while !isClosed {
      if !condition.wait(until: end) { throw TimedOut(description: "waited \(limit) for the end of the program's output") }
    }
  }
}
