/// A line of librdkafka's log.
public struct LogMessage: Sendable, Equatable {
  /// syslog's severity: 0 emergency … 3 error, 4 warning, 5 notice, 6 information, 7 debug.
  public let level: Int
  /// librdkafka's short upper-case tag for the kind of message, for example `FAIL`, `CONFWARN`.
  public let facility: String
  public let message: String

  public init(level: Int, facility: String, message: String) {
    self.level = level
    self.facility = facility
    self.message = message
  }
}

/// Where a client reports what no call returns.
///
/// All of them are called by the thread that polls, from within `poll`, `flush` or `close` and after librdkafka has
/// returned: no lock is held, and they may call the client again. While nobody polls, nothing is reported.
public struct ClientHandlers: Sendable {
  /// librdkafka's log. Without a handler it is dropped, never printed.
  public var log: (@Sendable (LogMessage) -> Void)?
  /// Errors of the client as a whole: connections, authentication, fatal ones. librdkafka goes on trying by itself unless
  /// `isFatal`.
  public var error: (@Sendable (KafkaError) -> Void)?
  /// librdkafka's statistics as JSON, every `statistics.interval.ms`.
  public var statistics: (@Sendable (String) -> Void)?

  public init(
    log: (@Sendable (LogMessage) -> Void)? = nil, error: (@Sendable (KafkaError) -> Void)? = nil,
    statistics: (@Sendable (String) -> Void)? = nil
  ) {
    self.log = log
    self.error = error
    self.statistics = statistics
  }
}
