import Kafka
import Telemetry

/// Hands outcomes to the producer in each partition's order, and takes the broker's acknowledgements, record by record: at
/// least once.
///
/// Whoever settles a record (a lane, or the intake for what needs no lane) sends what may then go out; one at a time, so
/// that the order in which the core releases records is the order in which the producer gets them.
final class Outlet: OutcomeOutlet {
  private typealias Release = WorkerState.Core.Release

  private let state: Monitor<WorkerState>
  private let producer: Producer
  private let sender: OutcomeSender
  private let metrics: WorkerMetrics
  /// Held while sending. What has been released and not yet sent: the producer's queue was full.
  private let unsent = Locked<[Release]>([])

  init(state: Monitor<WorkerState>, producer: Producer, topics: WorkerTopics, metrics: WorkerMetrics) {
    self.state = state
    self.producer = producer
    sender = OutcomeSender(topics: topics)
    self.metrics = metrics
  }

  func sendReleases() {
    unsent.withLock { unsent in
      while true {
        if unsent.isEmpty {
          unsent = nextReleases()
        } else {
          // Partitions may have gone since; their results are then somebody else's to write.
          unsent = state.withLock { state in unsent.filter { state.core.released($0.id) != nil } }
        }
        guard !unsent.isEmpty else { return }
        var sent = 0
        while sent < unsent.count {
          switch sender.send(unsent[sent], by: producer) {
          case nil:
            if !unsent[sent].outcome.isWritten { acknowledge([unsent[sent].id]) }
            sent += 1
          case .queueFull:
            unsent.removeFirst(sent)
            return
          case .refused(let error):
            // Sent again in its place if there is another outcome for it.
            if let replacement = replacement(for: unsent[sent].id, error) { unsent[sent] = replacement } else { sent += 1 }
          }
        }
        unsent.removeAll(keepingCapacity: true)
      }
    }
  }

  private func nextReleases() -> [Release] {
    state.withLock { state in
      var releases: [Release] = []
      let now = MonotonicClock.now
      while releases.count < 64, let next = state.core.nextRelease() {
        // Before it is sent: its acknowledgement may come while we still are.
        state.core.markReleased(next.id, at: now)
        releases.append(next)
      }
      return releases
    }
  }

  func takeDeliveries(timeout: Duration) {
    var deliveries: [Delivery] = []
    producer.poll(timeout: timeout) { deliveries.append($0) }
    note(deliveries)
    sendReleases()
  }

  var isOutstanding: Bool { producer.outstandingCount > 0 }

  func close() {
    var deliveries: [Delivery] = []
    producer.close(flushTimeout: .zero) { deliveries.append($0) }
    note(deliveries)
  }

  // MARK: Deliveries

  private func note(_ deliveries: [Delivery]) {
    guard !deliveries.isEmpty else { return }
    metrics.deliveries.increment(by: deliveries.count)
    acknowledge(deliveries.lazy.filter { $0.error == nil }.map { RecordID(tag: $0.tag) })
    for delivery in deliveries {
      guard let error = delivery.error, let replacement = replacement(for: RecordID(tag: delivery.tag), error) else { continue }
      unsent.withLock { $0.append(replacement) }
    }
  }

  private func acknowledge(_ ids: some Sequence<RecordID>) {
    let now = MonotonicClock.now
    let acknowledgements = state.update { state in ids.compactMap { state.core.acknowledge($0) } }
    for acknowledgement in acknowledgements { metrics.note(acknowledgement, at: now) }
  }

  /// The producer or the broker will never take an outcome: it gives way to a smaller one, or ends the worker.
  private func replacement(for id: RecordID, _ error: KafkaError) -> Release? {
    guard let (record, outcome) = state.withLock({ $0.core.released(id) }) else { return nil }
    metrics.produceErrors.increment()
    switch sender.answer(to: error, of: outcome, record) {
    case .smaller(let smaller): return state.withLock { $0.core.replace(id, with: smaller) }
    case .failure(let failure):
      state.update { $0.fail(failure) }
      return nil
    }
  }
}
