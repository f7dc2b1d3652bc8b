import Foundation
import Telemetry

/// Standard output and error, for commands that speak to people.
final class Terminal: Sendable {
  let isOutputTerminal = isatty(STDOUT_FILENO) == 1
  let isErrorTerminal = isatty(STDERR_FILENO) == 1
  /// Whether a progress line stands on standard error, to be cleared before anything else is printed.
  private let hasProgress = Locked(false)
  /// The system's error number of the first write to standard output that failed.
  private let outputError = Locked<Int32?>(nil)

  init() {
    StandardStreams.reserve()
    // A reader that goes away (`| head`) is seen as a failed write, not as the end of the process.
    signal(SIGPIPE, SIG_IGN)
  }

  /// Columns of the terminal, of what COLUMNS says where there is none, or 100; within 20…1000.
  var width: Int {
    let said = ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) }
    let columns = (isOutputTerminal ? StandardStreams.outputColumns : nil) ?? said.flatMap { $0 > 0 ? $0 : nil } ?? 100
    return min(max(columns, 20), 1000)
  }

  var helpWidth: Int { min(max(width, 60), 100) }

  /// Prints text and a newline; the exit status says whether somebody read it.
  @discardableResult
  func print(_ text: String) -> Int32 {
    write(Array((text.hasSuffix("\n") ? text : text + "\n").utf8)) ? ExitStatus.success : ExitStatus.failure
  }

  /// Why standard output could not be written, other than that its reader went away; nil if nothing is lost.
  var outputFailure: String? {
    guard let code = outputError.withLock({ $0 }), code != EPIPE else { return nil }
    return "cannot write standard output: \(SystemError.text(code))"
  }

  /// Writes bytes to standard output; false if they cannot be written: nobody reads them any more, or see ``outputFailure``.
  func write(_ bytes: [UInt8]) -> Bool {
    clearProgress()
    do {
      try FileHandle.standardOutput.write(contentsOf: Data(bytes))
      return true
    } catch {
      let code = SystemError.code(of: error)
      outputError.withLock { $0 = $0 ?? code }
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

extension SystemError {
  /// The system's own error number behind an error of Foundation; EIO where it has none.
  static func code(of error: any Error) -> Int32 {
    let error = error as NSError
    let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
    return cause.domain == NSPOSIXErrorDomain ? Int32(clamping: cause.code) : EIO
  }
}
