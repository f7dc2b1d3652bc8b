import Foundation
import ModelHub
import Telemetry

/// A worker as `top` follows it: by its `/stats` address, or by the end of its stats log. On a thread of its own, so that a worker
/// that does not answer holds nobody up.
final class TopSource: Sendable {
  private let name: String
  private let address: String?
  private let isOver = Monitor(false)
  private let worker: Locked<TopFrame.Worker>

  /// - Parameter text: a file, HOST:PORT, or the address of a page with a stats line.
  init(_ text: String) {
    name = text
    if text.hasPrefix("http://") || text.hasPrefix("https://") {
      address = text.dropFirst(8).contains("/") ? text : text + "/stats"
    } else {
      address = !FileManager.default.fileExists(atPath: text) && HTTPAddress(text) != nil ? "http://\(text)/stats" : nil
    }
    worker = Locked(TopFrame.Worker(name: text, line: nil, trouble: nil))
  }

  var now: TopFrame.Worker { worker.withLock { $0 } }

  /// Looks again and again until `end`.
  func start(interval: Duration) -> JoinableThread {
    JoinableThread(name: "top") { [self] in
      repeat {
        look()
      } while isOver.wait(
        until: MonotonicClock.now &+ interval.nanoseconds, for: { over, _ in over ? () : nil }) == nil
    }
  }

  func end() { isOver.update { $0 = true } }

  func look() {
    let found: (line: TopLine?, trouble: String?)
    do {
      let bytes = try address.map(page) ?? lastLine()
      found = TopLine(bytes).map { ($0, nil) } ?? (nil, "says nothing that is a stats line")
    } catch {
      found = (nil, "\(error)")
    }
    worker.withLock { worker in
      worker.trouble = found.trouble
      if let line = found.line { worker.line = line }
    }
  }

  private func page(_ address: String) throws -> [UInt8] {
    let page = try WebPage.get(address, seconds: 3, environment: ProcessInfo.processInfo.environment)
    switch page.status {
    case 200: return page.body
    // The worker has just started.
    case 503: throw WorkerError(.usage, "no stats line yet")
    default: throw WorkerError(.usage, "answers \(page.status)")
    }
  }

  /// The last whole line of the file, which may be replaced by another at any time.
  private func lastLine() throws -> [UInt8] {
    guard let handle = FileHandle(forReadingAtPath: name) else { throw WorkerError(.usage, "no such worker or file") }
    defer { try? handle.close() }
    let size = try handle.seekToEnd()
    try handle.seek(toOffset: size > 65536 ? size - 65536 : 0)
    let text = [UInt8](try handle.readToEnd() ?? Data())
    let lines = text.split(separator: 0x0A, omittingEmptySubsequences: true)
    guard let last = text.last == 0x0A ? lines.last : lines.dropLast().last else { throw WorkerError(.usage, "no line yet") }
    return Array(last)
  }
}
