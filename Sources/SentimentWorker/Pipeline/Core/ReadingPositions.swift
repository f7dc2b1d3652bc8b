/// How far each partition has been read, which tells records that come a second time from a log that starts over.
///
/// librdkafka 2.0.2 may fetch again what it has delivered, for example when fetching resumes (its issue 4637), and brokers have lost
/// committed offsets when the group's coordinator changed. Those records are dropped: the log reaches beyond what was read, and
/// they are no younger than what was. A log that was truncated or made anew is read as it is now: it ends before, or its records
/// are younger. One that has grown past the earlier position with records that claim to be older cannot be told from the former.
struct ReadingPositions<Partition: Hashable> {
  enum Sight: Equatable {
    /// Not read before.
    case new
    /// Read before.
    case again
    /// At or below an offset that was read, in a log that has started over: not read before.
    case startedOver
  }

  private struct Position {
    /// The last offset read; `Int64.min` if whatever comes is new.
    var offset = Int64.min
    /// The youngest timestamp of any record read, in milliseconds.
    var newest = Int64.min
  }

  private var positions: [Partition: Position] = [:]

  /// A record comes.
  /// - Parameters:
  ///   - timestamp: the record's, in milliseconds.
  ///   - logEnd: the offset behind the partition's last record as of the fetch that brought this one; nil if not known.
  ///     Asked only where offsets go back.
  mutating func see(_ offset: Int64, of partition: Partition, timestamp: Int64, logEnd: () -> Int64?) -> Sight {
    let known = positions[partition, default: Position()]
    let isBack = offset <= known.offset
    if isBack, timestamp <= known.newest, let end = logEnd(), end > known.offset { return .again }
    positions[partition] = Position(offset: offset, newest: max(known.newest, timestamp))
    return isBack ? .startedOver : .new
  }

  /// The partition is assigned: reading begins wherever the group says.
  /// - Parameter finishedBelow: what is known to have its outcome already, from an earlier assignment.
  mutating func begin(_ partition: Partition, finishedBelow: Int64?) {
    positions[partition, default: Position()].offset = finishedBelow.map { $0 - 1 } ?? .min
  }
}
