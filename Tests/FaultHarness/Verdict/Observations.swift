/// Where a record is in a topic.
struct Place: Sendable, Hashable, Comparable, CustomStringConvertible {
  var partition: Int32
  var offset: Int64

  var description: String { "[\(partition)] @ \(offset)" }
  static func < (a: Place, b: Place) -> Bool { (a.partition, a.offset) < (b.partition, b.offset) }
}

/// Milliseconds since 1970 UTC.
typealias WallMilliseconds = Int64

/// What the workers promise.
enum Guarantee: String, Sendable {
  case atLeastOnce = "at-least-once"
  case exactlyOnce = "exactly-once"
}

/// A record of the input topic, as it was read back from there.
struct InputRecord: Sendable, Equatable {
  var place: Place
  var id: String
  var key: [UInt8]?
  /// Kept where the outcome has to have the same bytes: of what is not labelled.
  var value: [UInt8]?
  var fate: Fate
}

/// A record of the output topic or the dead-letter topic.
struct OutcomeRecord: Sendable, Equatable {
  enum Topic: String, Sendable {
    case output
    case deadLetter = "dead-letter"
  }

  var topic: Topic
  var place: Place
  /// When the broker appended it, by the broker's clock.
  var appendedAt: WallMilliseconds
  /// nil if the record names none.
  var id: String?
  var key: [UInt8]?
  /// As in `InputRecord`.
  var value: [UInt8]?
  /// nil if the record is no outcome that this program understands.
  var fate: Fate?
  /// Where the record says that its input was; nil if it does not say.
  var source: Place?
}

/// The group's committed offsets at one time.
struct CommittedSample: Sendable, Equatable {
  /// When the answer had come.
  var at: WallMilliseconds
  /// By input partition; those without one are left out.
  var offsets: [Int32: Int64]
}

/// A fault that was injected.
struct InjectedFault: Sendable, Equatable {
  var fault: Fault
  var start: WallMilliseconds
  var end: WallMilliseconds
}

/// A worker's end that nobody asked for, or not as it was asked for.
struct WorkerExit: Sendable, Equatable {
  enum How: Sendable, Equatable {
    /// It gave up with this exit status.
    case status(Int32)
    /// A signal ended it that was not sent by this program.
    case signal(Int32)
    /// It went on after SIGTERM for longer than allowed.
    case didNotStop
  }

  /// Such as `worker-2`.
  var worker: String
  var at: WallMilliseconds
  var how: How
  /// The last line of its log.
  var lastWords: String
}

/// Everything that a verdict rests on.
struct Observations: Sendable, Equatable {
  /// Every record of the input topic, by partition and offset.
  var inputs: [InputRecord] = []
  /// Records of the input topic that this run did not feed.
  var foreignInputs = 0
  /// How many records the broker acknowledged to the feeder.
  var acknowledged = 0
  /// Every record of the output and dead-letter topics that `read_committed` shows, each partition's in its order.
  var outcomes: [OutcomeRecord] = []
  /// In the order of their times.
  var samples: [CommittedSample] = []
  /// After the workers had stopped.
  var committed: [Int32: Int64] = [:]
  /// The offsets after the last record of each input partition.
  var logEnds: [Int32: Int64] = [:]
  var plannedFaults = 0
  var faults: [InjectedFault] = []
  var exits: [WorkerExit] = []
  /// What went wrong with the run itself, so that it cannot prove anything.
  var troubles: [String] = []
}
