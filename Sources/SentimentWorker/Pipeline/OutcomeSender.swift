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
      let record = release.record
      switch release.outcome {
      case .result(let value, _, _, _): try send(value, of: record, tag: release.id.tag, by: producer)
      case .skip, .leaveOut: break
      case .passThrough:
        if record.origin != nil {
          try send(record.message.value, of: record, tag: release.id.tag, by: producer)
        } else {
          try producer.forward(
            record.message, to: topics.output.name, partition: topics.output.partition(for: record), tag: release.id.tag)
        }
      case .deadLetter(let letter): try send(letter, of: record, hasValue: true, tag: release.id.tag, by: producer)
      case .deadLetterWithoutValue(let letter): try send(letter, of: record, hasValue: false, tag: release.id.tag, by: producer)
      }
      return nil
    } catch {
      // A queue that is full of nothing never takes this one.
      return error.isQueueFull && producer.outstandingCount > 0 ? .queueFull : .refused(error)
    }
  }

  /// To the output topic, with the message's key, headers and timestamp; of a dead letter those that it had before.
  private func send(_ value: [UInt8]?, of record: ReviewRecord, tag: UInt64, by producer: Producer) throws(KafkaError) {
    let partition = topics.output.partition(for: record)
    let message = record.message
    guard let origin = record.origin else {
      return try producer.send(
        to: topics.output.name, partition: partition, keyAndHeadersOf: message, value: value?.span, tag: tag)
    }
    let headers = DeadLetter.original(Self.headers(of: message)).map { Header($0.name, $0.value) }
    try producer.send(
      to: topics.output.name, partition: partition, key: message.key, value: value, headers: headers,
      timestamp: origin.source.timestamp, tag: tag)
  }

  private static func headers(of message: ConsumerRecord) -> [DeadLetter.Header] {
    message.headers.map { DeadLetter.Header(name: $0.name, value: $0.value) }
  }

  private func send(
    _ letter: DeadLetter, of record: ReviewRecord, hasValue: Bool, tag: UInt64, by producer: Producer
  ) throws(KafkaError) {
    let message = record.message
    let partition = topics.deadLetter.partition(for: record)
    let original = Self.headers(of: message)
    var headers = letter.headers(after: original).map { Header($0.name, $0.value) }
    guard hasValue else {
      headers.append(Header(DeadLetter.valueOmittedHeader, "\(message.valueCount ?? 0)"))
      // Empty, not null: a null value would delete the key in a compacted topic.
      return try producer.send(
        to: topics.deadLetter.name, partition: partition, key: message.key, value: [], headers: headers,
        timestamp: record.source.timestamp, tag: tag)
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
        timestamp: record.source.timestamp, tag: tag)
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
