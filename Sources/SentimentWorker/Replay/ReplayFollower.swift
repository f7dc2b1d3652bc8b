import Kafka
import Telemetry

/// What makes a worker a replay.
struct ReplayOptions: Sendable {
  var range: ReplayRange
  var filter = ReplayFilter()
  /// Records a second; nil: as fast as they are labelled.
  var rate: Double?
  /// The records are dead letters, and labelled as what they were before.
  var isOfDeadLetters = false

  /// The record as it is to be labelled.
  func record(_ message: ConsumerRecord) -> ReviewRecord {
    ReviewRecord(message: message, splice: nil, origin: isOfDeadLetters ? message.deadLetterOrigin : nil)
  }
}

/// Tells the intake of a replay which records are its own, and when the replay is over. Confined to the intake's thread.
final class ReplayFollower {
  private let options: ReplayOptions
  private let log: Logger
  private var reading: ReplayReading
  private var pace: ReplayPace?
  private var nextLook: Nanoseconds = 0

  init(_ options: ReplayOptions, log: Logger) {
    self.options = options
    self.log = log
    reading = ReplayReading(options.range)
    pace = options.rate.map { ReplayPace(rate: $0) }
  }

  func assigned(_ partitions: [TopicPartition]) { reading.assign(partitions) }
  func released(_ partitions: [TopicPartition]) { reading.release(partitions) }

  /// A record comes.
  /// - Returns: false if it is behind the range, and its partition need not be fetched any longer.
  func see(_ message: ConsumerRecord) -> Bool { reading.see(message.topicPartition, message.offset) }

  func reachedLogEnd(_ partition: TopicPartition, _ offset: Int64, of consumer: Consumer) {
    reading.reachedLogEnd(partition, offset, logEnd: consumer.cachedWatermarks(partition)?.high)
  }

  /// Partitions that have been read to their end, which stay paused.
  var finished: Set<TopicPartition> { reading.finished }

  /// Records that may be taken at once.
  var groupLimit: Int { pace?.groupLimit ?? .max }

  /// So many records were taken.
  /// - Returns: when more may be; nil: at once.
  func took(_ count: Int, at now: Nanoseconds) -> Nanoseconds? { pace?.take(count, at: now) }

  func raised(_ offsets: [TopicPartition: Int64]) -> [TopicPartition: Int64] { reading.raised(offsets) }

  /// Whether every partition of the range is done, by whichever process. A process that is ahead waits for the others: it takes
  /// over what one of them leaves undone.
  ///
  /// - Parameter isDrained: whether everything that this process has read is written and committed.
  func isOver(_ consumer: Consumer, at now: Nanoseconds, isDrained: () -> Bool) -> Bool {
    guard now >= nextLook, reading.isFinished, isDrained() else { return false }
    nextLook = now &+ Self.interval
    do throws(KafkaError) {
      let ends = reading.ends
      if !ends.isEmpty { try consumer.commit(ends, synchronous: true, timeout: Self.patience) }
      return options.range.isDone(try consumer.committed(Array(options.range.partitions.keys), timeout: Self.patience))
    } catch {
      log.warning("how far the replay is cannot be told; asked again", ["error": "\(error)"])
      return false
    }
  }

  private static let interval: Nanoseconds = 500_000_000
  private static let patience = Duration.seconds(5)
}
