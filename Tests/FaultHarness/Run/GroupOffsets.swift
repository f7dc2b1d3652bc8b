import Foundation
import Kafka
import Telemetry

/// Looks again and again at what the group has committed.
final class OffsetSampler: Sendable {
  private let samples = Locked<[CommittedSample]>([])
  private let stopping = StopFlag()
  private let ended = StopFlag()
  private let brokers: String
  private let group: String
  private let partitions: [TopicPartition]

  init(brokers: String, group: String, topic: String, partitions: Int) {
    self.brokers = brokers
    self.group = group
    self.partitions = (0..<partitions).map { TopicPartition(topic: topic, partition: Int32($0)) }
  }

  var all: [CommittedSample] { samples.withLock { $0 } }
  var last: CommittedSample? { samples.withLock { $0.last } }

  func start() { Thread.detachNewThread { [self] in run() } }

  func stop() {
    stopping.raise()
    _ = ended.wait(.seconds(15))
  }

  private func run() {
    defer { ended.raise() }
    // Reads without a group of its own: it commits nothing and joins nothing. `read_uncommitted`, because only then an offset that
    // is part of an open transaction does not hold up the answer, which is then the offset before it.
    let configuration = KafkaConfiguration([
      "bootstrap.servers": brokers, "group.id": group, "isolation.level": "read_uncommitted",
    ])
    var consumer: Consumer?
    var failures = 0
    while stopping.wait(.milliseconds(300)) {
      // Brokers that are down give no answer, which is no sample; a client that gets none for long begins anew.
      if consumer == nil || failures >= 5 {
        consumer = try? Consumer(configuration: configuration)
        failures = 0
      }
      guard let offsets = try? consumer?.committed(partitions, timeout: .seconds(3)) else {
        failures += 1
        continue
      }
      failures = 0
      let sample = CommittedSample(
        at: WallClock.now, offsets: Dictionary(uniqueKeysWithValues: offsets.map { ($0.key.partition, $0.value) }))
      samples.withLock { $0.append(sample) }
    }
  }
}
