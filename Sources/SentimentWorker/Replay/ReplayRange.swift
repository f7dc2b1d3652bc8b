import Kafka

/// What a replay reads: of each partition the offsets from `lowerBound` up to, not including, `upperBound`.
struct ReplayRange: Equatable, Sendable {
  var partitions: [TopicPartition: Range<Int64>]

  /// Offsets in the range; a bound for the records, since compaction and transactions leave gaps.
  var count: Int64 { partitions.values.reduce(0) { $0 + Int64($1.count) } }

  /// How many of its offsets lie behind the committed ones.
  func done(_ committed: [TopicPartition: Int64]) -> Int64 {
    partitions.reduce(0) { sum, entry in
      let (partition, range) = entry
      guard let offset = committed[partition] else { return sum }
      return sum + min(max(offset, range.lowerBound), range.upperBound) - range.lowerBound
    }
  }

  /// What lies before the committed offsets taken off.
  func left(_ committed: [TopicPartition: Int64]) -> ReplayRange {
    var left = self
    for (partition, range) in partitions {
      guard let offset = committed[partition] else { continue }
      left.partitions[partition] = min(max(offset, range.lowerBound), range.upperBound)..<range.upperBound
    }
    return left
  }

  func isDone(_ committed: [TopicPartition: Int64]) -> Bool {
    partitions.allSatisfy { partition, range in range.isEmpty || committed[partition].map { $0 >= range.upperBound } == true }
  }

  /// The range between two bounds, inside what the log holds.
  ///
  /// - Parameters:
  ///   - watermarks: of every partition of the topic: the oldest offset, and the end as far as no transaction is open.
  ///   - from, to: the offsets that the bounds stand for in each partition; of a partition that one of them lacks nothing is read.
  init(watermarks: [TopicPartition: Consumer.Watermarks], from: [TopicPartition: Int64], to: [TopicPartition: Int64]) {
    partitions = [:]
    for (partition, marks) in watermarks {
      guard let from = from[partition], let to = to[partition] else {
        partitions[partition] = marks.low..<marks.low
        continue
      }
      let begin = min(max(from, marks.low), max(marks.low, marks.high))
      partitions[partition] = begin..<max(begin, min(to, marks.high))
    }
  }

  init(_ partitions: [TopicPartition: Range<Int64>]) { self.partitions = partitions }
}

/// How far one process has read the partitions of a replay that it was given. Pure.
///
/// A partition's end is reached by the first sight of anything at or behind it: a record, or the log's own end. The last record
/// of the range does not tell: what follows it may be compacted away, or be the end of a transaction, which no reader sees.
struct ReplayReading {
  let range: ReplayRange
  private(set) var assigned: Set<TopicPartition> = []
  private(set) var finished: Set<TopicPartition> = []

  init(_ range: ReplayRange) { self.range = range }

  mutating func assign(_ partitions: [TopicPartition]) {
    assigned.formUnion(partitions)
    for partition in partitions where range.partitions[partition]?.isEmpty != false { finished.insert(partition) }
  }

  mutating func release(_ partitions: [TopicPartition]) {
    assigned.subtract(partitions)
    finished.subtract(partitions)
  }

  /// A record comes.
  /// - Returns: whether it is in the range; otherwise its partition is finished, and need not be fetched any longer.
  mutating func see(_ partition: TopicPartition, _ offset: Int64) -> Bool {
    if let end = range.partitions[partition]?.upperBound, offset < end { return true }
    finished.insert(partition)
    return false
  }

  /// The log's end was reached.
  /// - Parameter logEnd: where it ends, which is before the range's end if the log was truncated since.
  mutating func reachedLogEnd(_ partition: TopicPartition, _ offset: Int64, logEnd: Int64?) {
    guard let end = range.partitions[partition]?.upperBound else { return }
    if offset >= end || logEnd.map({ $0 < end }) == true { finished.insert(partition) }
  }

  /// Everything that this process was given has been read.
  var isFinished: Bool { finished.isSuperset(of: assigned) }

  /// What to commit instead: a partition that has been read to the end of its range has nothing left, wherever its last record was.
  func raised(_ offsets: [TopicPartition: Int64]) -> [TopicPartition: Int64] {
    var raised = offsets
    for (partition, offset) in offsets where finished.contains(partition) {
      if let end = range.partitions[partition]?.upperBound { raised[partition] = max(offset, end) }
    }
    return raised
  }

  /// The ends of what has been read.
  var ends: [TopicPartition: Int64] {
    var ends: [TopicPartition: Int64] = [:]
    for partition in finished where assigned.contains(partition) {
      if let range = range.partitions[partition], !range.isEmpty { ends[partition] = range.upperBound }
    }
    return ends
  }
}
