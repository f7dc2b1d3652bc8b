import Foundation
import Telemetry

/// Standard output and error, for commands that speak to people.
final class Terminal: Sendable {
  let isOutputTerminal = isatty(STDOUT_FILENO) == 1
  let isErrorTerminal = isatty(STDERR_FILENO) == 1
  /// Whether a progress line stands on standard error, to be cleared before anything else is printed.
  private let hasProgress = Locked(false)

  init() {
    // A reader that goes away (`| head`) is seen as a failed write, not as the end of the process.
    signal(SIGPIPE, SIG_IGN)
  }

  /// Columns of the terminal; 100 where there is none.
  var width: Int {
    if let columns = ProcessInfo.processInfo.environment["COLUMNS"].flatMap({ Int($0) }), columns > 0 { return columns }
    return 100
  }

  var helpWidth: Int { min(max(width, 60), 100) }

  /// Prints text and a newline; the exit status says whether somebody read it.
  @discardableResult
  func print(_ text: String) -> Int32 {
    write(Array((text.hasSuffix("\n") ? text : text + "\n").utf8)) ? ExitStatus.success : ExitStatus.failure
  }

  /// Writes bytes to standard output; false if nobody reads them any more.
  func write(_ bytes: [UInt8]) -> Bool {
    clearProgress()
    do {
      try FileHandle.standardOutput.write(contentsOf: Data(bytes))
      return true
    } catch {
      return false
    }
  }

  func printError(_ text: String) {
    clearProgress()
    try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
  }

  /// Shows a line that the next one replaces.
  func showProgress(_ line: String) {
    hasProgress.withLock { $0 = true }
    try? FileHandle.standardError.write(contentsOf: Data(("\r\u{1B}[K" + line).utf8))
  }

  func clearProgress() {
    let isShown = hasProgress.withLock { shown in
      defer { shown = false }
      return shown
    }
    if isShown { try? FileHandle.standardError.write(contentsOf: Data("\r\u{1B}[K".utf8)) }
  }
}
