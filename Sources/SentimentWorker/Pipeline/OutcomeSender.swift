import Kafka

/// Where outcomes leave the pipeline.
protocol OutcomeOutlet: Sendable {
  /// Sends every outcome whose turn has come. Never blocks on the network: at a full queue the rest waits for `takeDeliveries`.
  func sendReleases()
  /// Waits up to `timeout` for deliveries, notes them, and sends what a full queue had refused. One thread calls it, over and
  /// over.
  func takeDeliveries(timeout: Duration)
  /// Whether the producer has something that it is not done with.
  var isOutstanding: Bool { get }
  /// Takes the last deliveries, gives up what is not delivered by then, and frees the producer.
  func close()
}

/// Makes an outcome a record of the right topic, and knows what to do when it is refused.
struct OutcomeSender: Sendable {
  typealias Release = WorkerState.Core.Release

  let topics: WorkerTopics

  enum Failure {
    /// The same outcome must be sent again later.
    case queueFull
    /// It will never be taken.
    case refused(KafkaError)
  }

  func send(_ release: Release, by producer: Producer) -> Failure? {
    do throws(KafkaError) {
      let message = release.record.message
      switch release.outcome {
      case .result(let value, _, _, _):
        try producer.send(
          to: topics.output.name, partition: topics.output.partition(for: message), keyAndHeadersOf: message, value: value.span,
          tag: release.id.tag)
      case .skip, .leaveOut: break
      case .passThrough:
        try producer.forward(
          message, to: topics.output.name, partition: topics.output.partition(for: message), tag: release.id.tag)
      case .deadLetter(let letter): try send(letter, of: message, hasValue: true, tag: release.id.tag, by: producer)
      case .deadLetterWithoutValue(let letter): try send(letter, of: message, hasValue: false, tag: release.id.tag, by: producer)
      }
      return nil
    } catch {
      // A queue that is full of nothing never takes this one.
      return error.isQueueFull && producer.outstandingCount > 0 ? .queueFull : .refused(error)
    }
  }

  private func send(
    _ letter: DeadLetter, of message: ConsumerRecord, hasValue: Bool, tag: UInt64, by producer: Producer
  ) throws(KafkaError) {
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

  enum Answer {
    case smaller(Outcome)
    case failure(WorkerError)
  }

  /// The producer or the broker will never take an outcome. What is too large gives way to something smaller: a result to a
  /// dead letter, that to one without the message's value. Anything else ends the worker.
  func answer(to error: KafkaError, of outcome: Outcome, _ record: ReviewRecord) -> Answer {
    let topic: String
    switch outcome {
    case .result, .passThrough:
      topic = topics.output.name
      if error.isMessageTooLarge {
        return .smaller(
          .deadLetter(
            DeadLetter(
              reason: "result-too-large", detail: error.description, stage: .produce, source: record.source, time: .now())))
      }
    case .deadLetter(let letter):
      topic = topics.deadLetter.name
      if error.isMessageTooLarge { return .smaller(.deadLetterWithoutValue(letter)) }
    case .deadLetterWithoutValue, .skip, .leaveOut: topic = topics.deadLetter.name
    }
    return .failure(.undeliverable(error, to: topic))
  }
}
