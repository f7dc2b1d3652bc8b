import Telemetry

/// Looks at the worker's parts in regular intervals, on a thread of its own; says in the log what stands still and when it gets
/// on again, and keeps the worker's health.
struct WatchdogThread: Sendable {
  let state: Monitor<WorkerState>
  let metrics: WorkerMetrics
  let health: Health
  let log: Logger
  /// How long a part may stand still; zero for no watch.
  let timeout: Duration
  /// Whether records are with the producer.
  let hasOutstandingDeliveries: @Sendable () -> Bool

  /// - Returns: the thread, which ends when the pipeline has stopped; nil if nothing is to be watched.
  func start() -> JoinableThread? {
    guard timeout > .zero else { return nil }
    return JoinableThread(name: "watchdog") { run() }
  }

  private var interval: Duration { min(timeout / 10, .seconds(1)) }

  private func run() {
    var watchdog = Watchdog(timeout: timeout, interval: interval)
    var isOver: Bool?
    repeat {
      let now = MonotonicClock.now
      for event in watchdog.look(readings(), at: now) { say(event, at: now) }
      health.set(watchdog.stalls, at: now)
      isOver = state.wait(until: now &+ interval.nanoseconds) { state, _ in state.isStopped ? true : nil }
    } while isOver == nil
    health.endWatch()
  }

  private func readings() -> [WatchedPart: Watchdog.Reading] {
    // A worker that ends polls no more; its drain has a deadline of its own.
    let isRunning = state.withLock { $0.isRunning }
    var readings: [WatchedPart: Watchdog.Reading] = [
      .polling: .init(progress: metrics.polls.value, isExpected: isRunning),
      .deliveries: .init(progress: metrics.deliveries.value, isExpected: hasOutstandingDeliveries()),
    ]
    for (number, pulse) in metrics.lanes.pulses.enumerated() { readings[.lane(number)] = pulse.reading }
    return readings
  }

  private func say(_ event: Watchdog.Event, at now: Nanoseconds) {
    switch event {
    case .stalled(let stall):
      log.error("no progress: \(Self.explanation(of: stall.part))", metadata(stall, at: now))
    case .recovered(let stall): log.notice("progress again", metadata(stall, at: now))
    }
  }

  private func metadata(_ stall: Watchdog.Stall, at now: Nanoseconds) -> LogMetadata {
    let still = Duration(nanoseconds: now &- stall.since)
    let since = UTCTime(milliseconds: UTCTime.now().milliseconds - Int64(still.inSeconds * 1000))
    return [
      "part": "\(stall.part.name)", "since": "\(since.rfc3339)", "seconds": .number((still.inSeconds * 10).rounded() / 10),
    ]
  }

  private static func explanation(of part: WatchedPart) -> String {
    switch part {
    case .polling:
      "Kafka has not been asked for records. If this does not end by itself, take a stack trace (gdb -p, thread apply all bt) and "
        + "restart the worker; the group gives its partitions to others after max.poll.interval.ms"
    case .lane:
      "a lane has not finished a run of the model. Look for a machine that is short of memory or CPU; with a slow model lower "
        + "batch.max-tokens or raise watchdog.stall-timeout. If it does not end, restart the worker: nothing is lost"
    case .deliveries:
      "no broker has acknowledged anything although records are outstanding: brokers are down or out of reach, their disks are "
        + "full, or too few replicas are in sync. Look at the brokers; nothing is lost, and deliveries go on by themselves"
    }
  }
}

/// What a lane does, as far as a watchdog must know. Written by the lane, read by the watchdog.
final class LanePulse: Sendable {
  /// Odd while there is something to do: each change of the two adds one, each further step two.
  private let count = Counter()

  /// The lane has a batch.
  func begin() { count.increment() }
  /// A run of it is over.
  func advance() { count.increment(by: 2) }
  /// The lane waits for a batch, or for its time to try again.
  func rest() { count.increment() }

  var reading: Watchdog.Reading {
    let count = count.value
    return Watchdog.Reading(progress: count, isExpected: count & 1 == 1)
  }
}
