import Kafka
import Telemetry

/// Hands outcomes to the producer in each partition's order, and takes the broker's acknowledgements.
///
/// Whoever settles a record (a lane, or the intake for what needs no lane) sends what may then go out; one at a time, so
/// that the order in which the core releases records is the order in which the producer gets them.
final class Outlet: Sendable {
  private typealias Release = WorkerState.Core.Release

  private let state: Monitor<WorkerState>
  private let producer: Producer
  private let topics: WorkerTopics
  private let metrics: WorkerMetrics
  /// Held while sending. What has been released and not yet sent: the producer's queue was full.
  private let unsent = Locked<[Release]>([])

  init(state: Monitor<WorkerState>, producer: Producer, topics: WorkerTopics, metrics: WorkerMetrics) {
    self.state = state
    self.producer = producer
    self.topics = topics
    self.metrics = metrics
  }

  /// Sends every outcome whose turn has come. Never blocks on the network: at a full queue the rest waits for `takeDeliveries`.
  func sendReleases() {
    unsent.withLock { unsent in
      while true {
        if unsent.isEmpty { unsent = nextReleases() }
        guard !unsent.isEmpty else { return }
        var sent = 0
        while sent < unsent.count {
          switch send(unsent[sent]) {
          case nil: sent += 1
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

  /// Waits up to `timeout` for deliveries, notes them, and sends what a full queue had refused.
  func takeDeliveries(timeout: Duration) {
    producer.poll(timeout: timeout) { delivery in noteDelivery(delivery) }
    sendReleases()
  }

  /// Takes the last deliveries, gives up what is not delivered by then, and frees the producer.
  func close() { producer.close(flushTimeout: .zero) { delivery in noteDelivery(delivery) } }

  // MARK: Sending

  private enum SendFailure {
    /// The same outcome must be sent again later.
    case queueFull
    /// It will never be taken.
    case refused(KafkaError)
  }

  private func send(_ release: Release) -> SendFailure? {
    do throws(KafkaError) {
      let message = release.record.message
      switch release.outcome {
      case .result(let value, _, _, _):
        try producer.send(
          to: topics.output.name, partition: topics.output.partition(for: message), keyAndHeadersOf: message, value: value.span,
          tag: release.id.tag)
      case .passThrough:
        try producer.forward(
          message, to: topics.output.name, partition: topics.output.partition(for: message), tag: release.id.tag)
      case .deadLetter(let letter):
        try producer.forward(
          message, to: topics.deadLetter.name, partition: topics.deadLetter.partition(for: message),
          addingHeaders: letter.headers.map { Header($0.name, $0.value) }, tag: release.id.tag)
      }
      return nil
    } catch {
      return error.isQueueFull ? .queueFull : .refused(error)
    }
  }

  // MARK: Deliveries

  private func noteDelivery(_ delivery: Delivery) {
    let id = RecordID(tag: delivery.tag)
    if let error = delivery.error {
      if let replacement = replacement(for: id, error) { unsent.withLock { $0.append(replacement) } }
      return
    }
    let now = MonotonicClock.now
    if let acknowledgement = state.update({ $0.core.acknowledge(id) }) {
      metrics.note(acknowledgement, at: now)
    }
  }

  /// The producer or the broker will never take an outcome. A result that is too large is replaced by a dead letter, since
  /// the review itself was small enough to be read; anything else ends the worker.
  private func replacement(for id: RecordID, _ error: KafkaError) -> Release? {
    guard let (record, outcome) = state.withLock({ $0.core.released(id) }) else { return nil }
    metrics.produceErrors.increment()
    if error.isMessageTooLarge, case .result = outcome {
      let letter = DeadLetter(
        reason: "result-too-large", detail: error.description, stage: .produce, source: record.source, time: .now())
      return state.withLock { $0.core.replace(id, with: .deadLetter(letter)) }
    }
    let topic = if case .deadLetter = outcome { topics.deadLetter.name } else { topics.output.name }
    let remedy = error.remedy.map { "; \($0)" } ?? ""
    state.update {
      $0.fail(WorkerError(.delivery, "a record could not be delivered to topic \(topic): \(error.description)\(remedy)"))
    }
    return nil
  }
}
