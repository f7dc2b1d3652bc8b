import Kafka
import Telemetry

/// Reads ranges of partitions once, as a reader that joins no group and commits nothing.
struct TopicScan {
  /// Of the brokers, and how to log in.
  let client: KafkaConfiguration
  let range: ReplayRange

  /// How long nothing may come.
  private static let patience = Duration.seconds(30)

  /// - Parameter take: gets the records, those of each partition in order; false ends the scan.
  /// - Throws: `WorkerError` if a topic cannot be read, or nothing comes for half a minute.
  func run(_ take: (ConsumerRecord) -> Bool) throws(WorkerError) {
    let filled = range.partitions.filter { !$0.value.isEmpty }
    let topics = Set(filled.keys.map(\.topic)).sorted().joined(separator: ", ")
    do throws(KafkaError) {
      if try read(filled, take) { return }
    } catch {
      throw .unreadable(error, topic: topics)
    }
    throw WorkerError(
      .kafka, "topic \(topics) cannot be read: nothing came for \(Int(Self.patience.inSeconds)) s; look at its leaders")
  }

  /// - Returns: false if nothing came for too long.
  private func read(_ range: [TopicPartition: Range<Int64>], _ take: (ConsumerRecord) -> Bool) throws(KafkaError) -> Bool {
    var reading = ReplayReading(ReplayRange(range))
    reading.assign(Array(range.keys))
    var configuration = client
    configuration["enable.partition.eof"] = "true"
    // librdkafka has no consumer without a group; nobody joins this one.
    if configuration["group.id"] == nil { configuration["group.id"] = "sentiment-worker-scan" }
    let consumer = try Consumer(configuration: configuration)
    defer { try? consumer.close(timeout: .seconds(5)) }
    try consumer.assign(range.mapValues { .offset($0.lowerBound) })
    var end = MonotonicClock.now &+ Self.patience.nanoseconds
    while !reading.isFinished {
      guard MonotonicClock.now < end else { return false }
      switch consumer.poll(timeout: .milliseconds(100)) {
      case .record(let message):
        end = MonotonicClock.now &+ Self.patience.nanoseconds
        if reading.see(message.topicPartition, message.offset), !take(message) { return true }
      case .endOfPartition(let partition, let offset):
        reading.reachedLogEnd(partition, offset, logEnd: consumer.cachedWatermarks(partition)?.high)
      case .error(let error):
        guard error.isTransient else { throw error }
      case .nothing: break
      }
    }
    return true
  }
}
