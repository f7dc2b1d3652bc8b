/// How much a log event matters, from `trace` to `critical`, as in swift-log.
public enum LogLevel: String, Sendable, Comparable, CaseIterable {
  case trace, debug, info, notice, warning, error, critical

  private var severity: Int {
    switch self {
    case .trace: 0
    case .debug: 1
    case .info: 2
    case .notice: 3
    case .warning: 4
    case .error: 5
    case .critical: 6
    }
  }

  public static func < (a: LogLevel, b: LogLevel) -> Bool { a.severity < b.severity }
}

/// One thing that happened.
public struct LogEvent: Sendable, Equatable {
  public var time: UTCTime
  public var level: LogLevel
  public var message: String
  public var metadata: LogMetadata

  public init(time: UTCTime, level: LogLevel, message: String, metadata: LogMetadata = [:]) {
    self.time = time
    self.level = level
    self.message = message
    self.metadata = metadata
  }
}

/// Where log events go. Called from any thread; must not throw, trap or log.
public protocol LogSink: Sendable {
  func write(_ event: LogEvent)
}

/// The face of the log: a level, metadata that goes with every message, and a sink.
///
///     let log = Logger(level: .info, sink: TextLogSink(.standardError))
///     log.notice("partition assigned", ["topic": "reviews", "partition": .integer(partition)])
///
/// A message names what happened in words that stay the same; what differs goes into the metadata. Neither is made for a level
/// below the threshold. Thread-safe, a value: copies share the sink.
public struct Logger: Sendable {
  /// Events below this level are dropped.
  public var level: LogLevel
  /// Goes with every message; an event's own value wins.
  public var metadata: LogMetadata
  private let sink: any LogSink
  private let clock: @Sendable () -> UTCTime

  /// - Parameter clock: gives the time of events; tests give their own.
  public init(
    level: LogLevel = .info, metadata: LogMetadata = [:], sink: any LogSink,
    clock: @escaping @Sendable () -> UTCTime = UTCTime.now
  ) {
    self.level = level
    self.metadata = metadata
    self.sink = sink
    self.clock = clock
  }

  /// A logger for tests and tools that have nothing to say.
  public static var silent: Logger { Logger(level: .critical, sink: DiscardingLogSink()) }

  /// This logger with more metadata on every message.
  public func with(_ metadata: LogMetadata) -> Logger {
    var copy = self
    copy.metadata = self.metadata.merging(metadata)
    return copy
  }

  public func log(_ level: LogLevel, _ message: @autoclosure () -> String, _ metadata: @autoclosure () -> LogMetadata = [:]) {
    guard level >= self.level else { return }
    sink.write(LogEvent(time: clock(), level: level, message: message(), metadata: self.metadata.merging(metadata())))
  }

  public func trace(_ message: @autoclosure () -> String, _ metadata: @autoclosure () -> LogMetadata = [:]) {
    log(.trace, message(), metadata())
  }

  public func debug(_ message: @autoclosure () -> String, _ metadata: @autoclosure () -> LogMetadata = [:]) {
    log(.debug, message(), metadata())
  }

  public func info(_ message: @autoclosure () -> String, _ metadata: @autoclosure () -> LogMetadata = [:]) {
    log(.info, message(), metadata())
  }

  public func notice(_ message: @autoclosure () -> String, _ metadata: @autoclosure () -> LogMetadata = [:]) {
    log(.notice, message(), metadata())
  }

  public func warning(_ message: @autoclosure () -> String, _ metadata: @autoclosure () -> LogMetadata = [:]) {
    log(.warning, message(), metadata())
  }

  public func error(_ message: @autoclosure () -> String, _ metadata: @autoclosure () -> LogMetadata = [:]) {
    log(.error, message(), metadata())
  }

  public func critical(_ message: @autoclosure () -> String, _ metadata: @autoclosure () -> LogMetadata = [:]) {
    log(.critical, message(), metadata())
  }
}

private struct DiscardingLogSink: LogSink {
  func write(_ event: LogEvent) {}
}
