import Settings
import Telemetry

/// The log as the settings want it, on standard error: written by a thread of its own, so that nobody waits for its reader, and
/// without the same warning again and again.
struct ProgramLog {
  /// How long the end waits for lines that are not yet written.
  static let patience = Duration.seconds(1)

  let logger: Logger
  private let lines: BackgroundLineOutput
  private let repeats: RepeatLimitingLogSink

  init(_ values: SettingValues, _ terminal: Terminal) {
    let isText =
      switch values[WorkerSettings.logFormat] {
      case .text: true
      case .json: false
      case .auto: terminal.isErrorTerminal
      }
    let lines = BackgroundLineOutput(.standardError)
    let output = LineOutput { lines.write($0) }
    let repeats = RepeatLimitingLogSink(isText ? TextLogSink(output) : JSONLogSink(output), interval: .seconds(10))
    self.lines = lines
    self.repeats = repeats
    logger = Logger(level: LogLevel(rawValue: values[WorkerSettings.logLevel].rawValue) ?? .info, sink: repeats)
  }

  /// Tells how many repeated warnings were held back in intervals that are over.
  func writeRepeats() { repeats.writeSummaries() }

  /// Writes what is left, if somebody reads it.
  func close() {
    repeats.writeSummaries(isEnd: true)
    lines.close(patience: Self.patience)
  }
}
