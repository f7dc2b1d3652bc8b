/// A part of the worker that has to get on.
enum WatchedPart: Hashable, Comparable, Sendable {
  /// Asking Kafka for records.
  case polling
  /// An engine lane that has a batch; counted from 0.
  case lane(Int)
  /// Records that are with the producer, waiting for the broker.
  case deliveries

  /// As the stats line has it.
  var name: String {
    switch self {
    case .polling: "polling"
    case .lane(let number): "lane-\(number)"
    case .deliveries: "deliveries"
    }
  }
}

/// Tells which parts of the worker stand still, from readings of how far each has got. Readings and the time go in, changes come
/// out; nothing here waits, logs or reads a clock.
///
/// A part's time runs while progress is expected of it and does not come. Time in which nobody looked, because the process was
/// stopped or the machine slept, counts for one look at most.
struct Watchdog {
  /// How far a part has got.
  struct Reading: Equatable {
    /// Differs from the last reading's whenever the part has got on.
    var progress: Int
    /// False while the part has nothing to do.
    var isExpected: Bool
  }

  struct Stall: Equatable, Sendable {
    var part: WatchedPart
    /// When it was last seen getting on.
    var since: Nanoseconds
  }

  enum Event: Equatable {
    case stalled(Stall)
    /// It gets on again, or has nothing to do any longer.
    case recovered(Stall)
  }

  private struct Watched {
    var progress: Int
    /// When it got on, as far as was seen.
    var since: Nanoseconds
    /// How long it has stood still, as far as somebody looked.
    var still: Nanoseconds = 0
    var isStalled = false
  }

  private let timeout: Nanoseconds
  /// The longest time between two looks that counts in full.
  private let longestLook: Nanoseconds
  private var watched: [WatchedPart: Watched] = [:]
  private var lastLook: Nanoseconds?

  /// - Parameters:
  ///   - timeout: how long a part may stand still.
  ///   - interval: how often `look` is called.
  init(timeout: Duration, interval: Duration) {
    self.timeout = timeout.nanoseconds
    longestLook = interval.nanoseconds &* 2
  }

  /// Whatever stands still too long at present, in order.
  var stalls: [Stall] {
    watched.filter(\.value.isStalled).map { Stall(part: $0.key, since: $0.value.since) }.sorted { $0.part < $1.part }
  }

  /// Takes a reading of every part.
  /// - Returns: what has changed, in order.
  mutating func look(_ readings: [WatchedPart: Reading], at now: Nanoseconds) -> [Event] {
    let passed = min(now &- (lastLook ?? now), longestLook)
    lastLook = now
    var events: [Event] = []
    for (part, reading) in readings.sorted(by: { $0.key < $1.key }) {
      guard var known = watched[part], known.progress == reading.progress, reading.isExpected else {
        if let known = watched[part], known.isStalled { events.append(.recovered(Stall(part: part, since: known.since))) }
        watched[part] = Watched(progress: reading.progress, since: now)
        continue
      }
      known.still += passed
      if known.still >= timeout, !known.isStalled {
        known.isStalled = true
        events.append(.stalled(Stall(part: part, since: known.since)))
      }
      watched[part] = known
    }
    return events
  }
}
