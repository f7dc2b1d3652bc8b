import Kafka
import Telemetry

/// A replay by name: which range it reads and how far it is, kept by the brokers so that a killed one goes on and several
/// processes share it.
///
/// Positions are the committed offsets of a consumer group of its own. Where the range begins and ends are committed offsets too, of
/// two groups that nobody joins. The ends are written last: where they are, the job has begun and its range is fixed.
struct ReplayJob: Sendable {
  let name: String
  var topics: [String]
  /// Of the brokers, and how to log in.
  let client: KafkaConfiguration
  let timeout: Duration

  var group: String { "sentiment-worker-replay-\(name)" }
  private var beginGroup: String { "\(group)-begin" }
  private var endGroup: String { "\(group)-end" }

  /// What the brokers know about the job.
  struct Standing: Sendable, Equatable {
    var range: ReplayRange
    /// The group's committed offsets.
    var committed: [TopicPartition: Int64]

    var isDone: Bool { range.isDone(committed) }
    /// What is not done yet.
    var left: ReplayRange { range.left(committed) }
  }

  // MARK: Looking

  /// - Returns: nil if the job has not begun.
  func standing() throws(KafkaError) -> Standing? {
    let partitions = try partitions()
    let ends = try committed(partitions, by: endGroup)
    if ends.isEmpty { return nil }
    let begins = try committed(partitions, by: beginGroup)
    let committed = try committed(partitions, by: group)
    var ranges: [TopicPartition: Range<Int64>] = [:]
    for (partition, end) in ends { ranges[partition] = min(begins[partition] ?? 0, end)..<end }
    return Standing(range: ReplayRange(ranges), committed: committed)
  }

  /// Each partition's committed offset.
  func committed(_ partitions: [TopicPartition]) throws(KafkaError) -> [TopicPartition: Int64] {
    try committed(partitions, by: group)
  }

  /// Not waiting for a transaction that a killed process left open: its successor ends it, and first has to be told where to begin.
  private func committed(
    _ partitions: [TopicPartition], by group: String
  ) throws(KafkaError) -> [TopicPartition: Int64] {
    try consumer(of: group, isolation: "read_uncommitted").committed(partitions, timeout: timeout)
  }

  /// The range between two bounds as of now, which ends where the first open transaction begins at the latest.
  func range(from: ReplayBound, to: ReplayBound) throws(KafkaError) -> ReplayRange {
    let consumer = try consumer(of: group, isolation: "read_committed")
    let partitions = try partitions()
    var marks: [TopicPartition: Consumer.Watermarks] = [:]
    for partition in partitions { marks[partition] = try consumer.queryWatermarks(partition, timeout: timeout) }
    return ReplayRange(
      watermarks: marks, from: try offsets(of: from, marks, consumer), to: try offsets(of: to, marks, consumer))
  }

  private func offsets(
    of bound: ReplayBound, _ marks: [TopicPartition: Consumer.Watermarks], _ consumer: Consumer
  ) throws(KafkaError) -> [TopicPartition: Int64] {
    switch bound {
    case .beginning: return marks.mapValues(\.low)
    case .end: return marks.mapValues(\.high)
    case .offset(let offset): return marks.mapValues { _ in offset }
    case .offsets(let offsets):
      return marks.reduce(into: [:]) { found, entry in
        let (partition, _) = entry
        let named =
          offsets[PartitionName(topic: partition.topic, partition.partition)] ?? offsets[PartitionName(partition.partition)]
        if let named { found[partition] = named }
      }
    case .time(let time): return try offsets(at: time, marks, consumer)
    case .ago(let duration):
      return try offsets(at: UTCTime.now().milliseconds - Int64(duration / .milliseconds(1)), marks, consumer)
    }
  }

  /// Partitions that end before the time: their end.
  private func offsets(
    at time: Int64, _ marks: [TopicPartition: Consumer.Watermarks], _ consumer: Consumer
  ) throws(KafkaError) -> [TopicPartition: Int64] {
    let found = try consumer.offsets(atTimes: marks.mapValues { _ in max(0, time) }, timeout: timeout)
    return marks.mapValues(\.high).merging(found) { $1 }
  }

  private func partitions() throws(KafkaError) -> [TopicPartition] {
    let metadata = try AdminClient(configuration: client).metadata(topics: topics, timeout: timeout)
    return topics.flatMap { topic in
      (metadata.topic(topic)?.partitions ?? []).map { TopicPartition(topic: topic, partition: $0.id) }.sorted()
    }
  }

  // MARK: Beginning

  /// Fixes the range.
  /// - Throws: an error that is `isStaleGroupMember` while processes of the job run.
  func begin(_ range: ReplayRange) throws(KafkaError) {
    try commit(range.partitions.mapValues(\.lowerBound), as: group)
    try commit(range.partitions.mapValues(\.lowerBound), as: beginGroup)
    try commit(range.partitions.mapValues(\.upperBound), as: endGroup)
  }

  private func commit(_ offsets: [TopicPartition: Int64], as group: String) throws(KafkaError) {
    let consumer = try consumer(of: group, isolation: "read_committed")
    let end = MonotonicClock.now &+ timeout.nanoseconds
    while true {
      do throws(KafkaError) {
        return try consumer.commit(offsets, synchronous: true, timeout: timeout)
      } catch {
        // A cluster that never had a group takes some seconds to have a coordinator.
        guard error.isTransient, !error.isStaleGroupMember, MonotonicClock.now < end else { throw error }
        _ = consumer.poll(timeout: .milliseconds(200))
      }
    }
  }

  /// A consumer that joins nothing.
  private func consumer(of group: String, isolation: String) throws(KafkaError) -> Consumer {
    var configuration = client
    configuration["group.id"] = group
    configuration["isolation.level"] = isolation
    return try Consumer(configuration: configuration)
  }
}
