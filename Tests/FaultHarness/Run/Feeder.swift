import Foundation
import Kafka
import Telemetry

/// Feeds reviews at a steady rate, and what faults add to them, until it is told to stop.
final class Feeder: Sendable {
  private struct State {
    var extra: [FedRecord] = []
    var isStopping = false
    var isDone = false
    var acknowledged = 0
    var failure: String?
  }

  private let state = Locked(State())
  private let feed: Feed
  private let topic: String
  private let rate: Int
  private let configuration: KafkaConfiguration

  /// - Parameter rate: reviews a second.
  init(feed: Feed, topic: String, rate: Int, brokers: String) {
    self.feed = feed
    self.topic = topic
    self.rate = rate
    // A broker that is down for long must not make the feeder give up: that would be the harness's own loss.
    configuration = KafkaConfiguration([
      "bootstrap.servers": brokers, "enable.idempotence": "true", "linger.ms": "5", "partitioner": "murmur2_random",
      "message.timeout.ms": "600000",
    ])
  }

  var acknowledged: Int { state.withLock { $0.acknowledged } }
  /// Why feeding ended by itself; nil if it did not.
  var failure: String? { state.withLock { $0.failure } }

  func start() { Thread.detachNewThread { [self] in run() } }

  /// Puts records between the reviews.
  func add(_ records: [FedRecord]) { state.withLock { $0.extra += records } }

  /// Ends feeding and waits until everything that was sent is acknowledged.
  func finish(within limit: Duration) {
    state.withLock { $0.isStopping = true }
    if !StopFlag().wait(atMost: limit, until: { state.withLock { $0.isDone } }) {
      state.withLock { $0.failure = $0.failure ?? "records were not acknowledged within \(limit)" }
    }
  }

  private func run() {
    defer { state.withLock { $0.isDone = true } }
    do {
      var producer = try Producer(configuration: configuration)
      let start = ContinuousClock.now
      var number = 0
      while !state.withLock({ $0.isStopping }) {
        let due = Int((start.duration(to: .now) / .seconds(1)) * Double(rate))
        var records = (number..<max(number, due)).map(feed.review)
        number += records.count
        records += state.withLock { state in
          defer { state.extra = [] }
          return state.extra
        }
        // A producer can lose its sequence over a broker that dies. What it had not got acknowledged may be in the topic or not:
        // that is asked of the topic in the end, so that going on with a new one is right.
        if producer.firstFatalError != nil {
          producer.close(flushTimeout: .zero, onDelivery: note)
          producer = try Producer(configuration: configuration)
        }
        for record in records { try send(record, producer) }
        producer.poll(timeout: .milliseconds(10), onDelivery: note)
      }
      for record in state.withLock({ $0.extra }) { try send(record, producer) }
      if producer.firstFatalError == nil { try producer.flush(timeout: .seconds(120), onDelivery: note) }
    } catch {
      state.withLock { $0.failure = "feeding failed: \(error)" }
    }
  }

  private func send(_ record: FedRecord, _ producer: Producer) throws {
    while true {
      do throws(KafkaError) {
        try producer.send(
          to: topic, key: record.key, value: record.value,
          headers: [Header(FedRecord.identifierHeader, record.id), Header(FedRecord.fateHeader, record.fate.description)])
        return
      } catch {
        if error.isFatal { return }
        guard error.isQueueFull else { throw error }
        producer.poll(timeout: .milliseconds(100), onDelivery: note)
      }
    }
  }

  private func note(_ delivery: Delivery) {
    if delivery.error == nil { state.withLock { $0.acknowledged += 1 } }
  }
}
