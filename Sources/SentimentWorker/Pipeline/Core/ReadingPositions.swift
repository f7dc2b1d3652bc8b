/// How far each assigned partition has been read, which tells records that come a second time from a log that starts over.
///
/// librdkafka 2.0.2 may fetch again what it has delivered, for example when fetching resumes (its issue 4637). The log then reaches beyond what was read, and the records are dropped. A log that ends before it was
/// truncated or made anew: what comes is new, whatever its offsets.
///
/// What starts over and has grown past the earlier position before the first of it is fetched looks like the former; no consumer
/// that knows a topic by its name only can tell.
struct ReadingPositions<Partition: Hashable> {
  enum Sight: Equatable {
    /// Not read before.
    case new
    /// Read before, in this assignment.
    case again
    /// At or below an offset that was read, in a log that has started over: not read before.
    case startedOver
  }

  private var last: [Partition: Int64] = [:]

  /// A record comes.
  /// - Parameter logEnd: the offset behind the partition's last record as of the fetch that brought this one; nil if not known.
  ///   Asked only where offsets go back.
  mutating func see(_ offset: Int64, of partition: Partition, logEnd: () -> Int64?) -> Sight {
    guard let known = last[partition], offset <= known else {
      last[partition] = offset
      return .new
    }
    if let end = logEnd(), end > known { return .again }
    last[partition] = offset
    return .startedOver
  }

  /// The partition goes, or comes anew: reading begins wherever the group says.
  mutating func forget(_ partition: Partition) { last[partition] = nil }
}
