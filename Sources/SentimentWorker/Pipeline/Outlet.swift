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
        if unsent.isEmpty {
          unsent = nextReleases()
        } else {
          // Partitions may have gone since; their results are then somebody else's to write.
          unsent = state.withLock { state in unsent.filter { state.core.released($0.id) != nil } }
        }
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
    var deliveries: [Delivery] = []
    producer.poll(timeout: timeout) { deliveries.append($0) }
    note(deliveries)
    sendReleases()
  }

  /// Whether the producer has records that it is not done with.
  var isOutstanding: Bool { producer.outstandingCount > 0 }

  /// Takes the last deliveries, gives up what is not delivered by then, and frees the producer.
  func close() {
    var deliveries: [Delivery] = []
    producer.close(flushTimeout: .zero) { deliveries.append($0) }
    note(deliveries)
  }

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
      case .skip: acknowledge([release.id])
      case .passThrough:
        try producer.forward(
          message, to: topics.output.name, partition: topics.output.partition(for: message), tag: release.id.tag)
      case .deadLetter(let letter): try sendDeadLetter(letter, of: message, hasValue: true, tag: release.id.tag)
      case .deadLetterWithoutValue(let letter): try sendDeadLetter(letter, of: message, hasValue: false, tag: release.id.tag)
      }
      return nil
    } catch {
      // A queue that is full of nothing never takes this one.
      return error.isQueueFull && producer.outstandingCount > 0 ? .queueFull : .refused(error)
    }
  }

  private func sendDeadLetter(_ letter: DeadLetter, of message: ConsumerRecord, hasValue: Bool, tag: UInt64) throws(KafkaError) {
    let partition = topics.deadLetter.partition(for: message)
    let original = message.headers.map { DeadLetter.Header(name: $0.name, value: $0.value) }
    var headers = letter.headers(after: original).map { Header($0.name, $0.value) }
    guard hasValue else {
      headers.append(Header("sentiment-value-omitted", "\(message.valueCount ?? 0)"))
      // Empty, not null: a null value would delete the key in a compacted topic.
      return try producer.send(
        to: topics.deadLetter.name, partition: partition, key: message.key, value: [], headers: headers,
        timestamp: message.timestamp, tag: tag)
    }
    if headers.count == original.count + letter.headers.count {
      try producer.forward(
        message, to: topics.deadLetter.name, partition: partition,
        addingHeaders: letter.headers.map { Header($0.name, $0.value) },
        tag: tag)
    } else {
      // It was a dead letter before: the headers of its last failure take the place of the earlier one's.
      try producer.send(
        to: topics.deadLetter.name, partition: partition, key: message.key, value: message.value, headers: headers,
        timestamp: message.timestamp, tag: tag)
    }
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

  /// The producer or the broker will never take an outcome. What is too large gives way to something smaller: a result to a
  /// dead letter, that to one without the message's value. Anything else ends the worker.
  private func replacement(for id: RecordID, _ error: KafkaError) -> Release? {
    guard let (record, outcome) = state.withLock({ $0.core.released(id) }) else { return nil }
    metrics.produceErrors.increment()
    let topic: String
    switch outcome {
    case .result, .passThrough:
      topic = topics.output.name
      if error.isMessageTooLarge {
        let letter = DeadLetter(
          reason: "result-too-large", detail: error.description, stage: .produce, source: record.source, time: .now())
        return state.withLock { $0.core.replace(id, with: .deadLetter(letter)) }
      }
    case .deadLetter(let letter):
      topic = topics.deadLetter.name
      if error.isMessageTooLarge { return state.withLock { $0.core.replace(id, with: .deadLetterWithoutValue(letter)) } }
    case .deadLetterWithoutValue, .skip: topic = topics.deadLetter.name
    }
    let remedy = error.remedy.map { "; \($0)" } ?? ""
    state.update {
      $0.fail(WorkerError(.delivery, "a record could not be delivered to topic \(topic): \(error.description)\(remedy)"))
    }
    return nil
  }
}
