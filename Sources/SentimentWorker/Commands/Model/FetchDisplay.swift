import ModelHub
import Settings
import Telemetry

/// Shows how a fetch goes on: a bar on a terminal, lines in the log elsewhere.
final class FetchDisplay {
  private let terminal: Terminal
  private let repository: String
  private let log: ProgramLog
  private var bar: FetchBar?
  /// When the last line about progress was logged.
  private var loggedAt: Nanoseconds

  /// Between two lines about progress in the log.
  private static let logInterval: Nanoseconds = 10_000_000_000

  init(_ values: SettingValues, _ terminal: Terminal, repository: String) {
    self.terminal = terminal
    self.repository = repository
    log = ProgramLog(values, terminal)
    loggedAt = MonotonicClock.now
  }

  func show(_ event: FetchEvent) {
    let now = MonotonicClock.now
    switch event {
    case .listed(let commit, let files, let bytes):
      note(
        "model found",
        [
          "repository": .string(repository), "revision": .string(commit), "files": .integer(files), "bytes": .integer(bytes),
        ])
    case .began(let file, let size, let present):
      note("fetching file", ["file": .string(file), "bytes": .integer(size), "present": .integer(present)])
    case .progress(let bytes, let total):
      if terminal.isErrorTerminal {
        if bar == nil { bar = FetchBar(total: total, start: bytes, startedAt: now) }
        if let line = bar?.line(bytes: bytes, at: now) { terminal.showProgress(line) }
      } else if now >= loggedAt &+ Self.logInterval {
        loggedAt = now
        note("fetching", ["bytes": .integer(bytes), "of": .integer(total)])
      }
    case .completed(let file): log.logger.debug("file complete", ["file": .string(file)])
    case .retry(let reason, let wait):
      terminal.clearProgress()
      log.logger.notice("trying again", ["reason": .string(reason), "wait_seconds": .number(wait.inSeconds)])
    case .warning(let text):
      terminal.clearProgress()
      log.logger.warning("unsafe way", ["detail": .string(text)])
    }
  }

  /// What the bar shows as well.
  private func note(_ message: String, _ metadata: LogMetadata) {
    if !terminal.isErrorTerminal { log.logger.info(message, metadata) }
  }

  func close() {
    terminal.clearProgress()
    log.close()
  }
}

/// The line that shows how far a fetch is; a pure value that is told the time.
struct FetchBar {
  /// Bytes of all files.
  var total: Int
  /// Bytes that were there at the start.
  var start: Int
  var startedAt: Nanoseconds
  private var lastShown: Nanoseconds?

  private static let interval: Nanoseconds = 100_000_000

  init(total: Int, start: Int, startedAt: Nanoseconds) {
    self.total = total
    self.start = start
    self.startedAt = startedAt
  }

  /// The line to show now, without a newline; nil if one was shown just before.
  mutating func line(bytes: Int, at now: Nanoseconds) -> String? {
    if let lastShown, now < lastShown &+ Self.interval, bytes < total { return nil }
    lastShown = now
    let share = total > 0 ? min(1, Double(bytes) / Double(total)) : 1
    let filled = Int(share * 20)
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 20 - filled)
    let seconds = max(Duration(nanoseconds: now &- startedAt).inSeconds, 1e-3)
    let rate = Double(max(0, bytes - start)) / seconds
    let left = rate > 0 && bytes < total ? ", \(Int((Double(total - bytes) / rate).rounded(.up))) s left" : ""
    return
      "[\(bar)] \(Int(share * 100)) %  \(Figures.megabytes(bytes)) of \(Figures.megabytes(total)), \(Figures.decimal(rate / 1e6, 1)) MB/s\(left)"
  }
}
