import Kafka
import Telemetry

/// A topic that the worker writes to.
struct OutputTopic: Sendable, Equatable {
  var name: String
  var partitions: Int32

  /// Where a message's outcome goes: with a key, the key decides (nil: librdkafka's partitioner); without one, the input
  /// partition does, so that the order of a partition's messages holds.
  func partition(for record: ReviewRecord) -> Int32? {
    record.message.keyCount == nil ? record.source.partition % max(partitions, 1) : nil
  }
}

/// The topics of a worker, as found on the cluster.
struct WorkerTopics: Sendable, Equatable {
  /// Of all input topics together.
  var inputPartitions: Int
  var output: OutputTopic
  var deadLetter: OutputTopic
}

/// Reaches the brokers and looks for the topics before anything is consumed, so that what is wrong is said at once.
struct Preflight {
  let options: WorkerOptions

  /// A topic that is not yet ready is asked for again, up to `retry.max-attempts` times.
  ///
  /// - Parameter isWanted: asked ten times a second; false gives the check up.
  /// - Returns: nil if it was given up.
  /// - Throws: `WorkerError` that names every topic that is missing and how to create it, and every one that is refused; or says
  ///   that the brokers keep no transactions although they are needed.
  func check(while isWanted: () -> Bool) throws(WorkerError) -> WorkerTopics? {
    try check(limits: options.retries, while: isWanted) { $0.isTransient }
  }

  /// The same while the worker runs and was told that a topic does not exist: brokers that have just started may not know
  /// better, so it has to be missing for the whole of `delivery.start-timeout`.
  func checkAgain(while isWanted: () -> Bool) throws(WorkerError) {
    let end = MonotonicClock.now &+ options.startTimeout.nanoseconds
    var limits = options.retries
    limits.attempts = .max
    _ = try check(limits: limits, while: isWanted) { _ in MonotonicClock.now < end }
  }

  private func check(
    limits: RetryLimits, while isWanted: () -> Bool, isRetried: (TopicProblem) -> Bool
  ) throws(WorkerError) -> WorkerTopics? {
    let names = Set(options.inputTopics + [options.outputTopic, options.deadLetterTopic]).sorted()
    var backoff = Backoff(limits: limits, random: SystemRandomNumberGenerator())
    for attempt in 1... {
      guard let answer = try reach(names, while: isWanted) else { return nil }
      if answer.isEmbedded { throw Self.noTransactions }
      let metadata = answer.metadata
      let problems = names.compactMap { problem(with: metadata.topic($0), named: $0) }
      guard let worst = problems.first(where: { !isRetried($0) }) ?? problems.first else { return topics(in: metadata) }
      guard isRetried(worst), let delay = backoff.delay(afterAttempt: attempt) else {
        throw WorkerError(worst.error.kind, problems.map(\.error.description).joined(separator: "\n"))
      }
      wait(delay, while: isWanted)
    }
    return nil
  }

  private func topics(in metadata: ClusterMetadata) -> WorkerTopics {
    func count(_ name: String) -> Int { metadata.topic(name)?.partitions.count ?? 1 }
    return WorkerTopics(
      inputPartitions: options.inputTopics.reduce(0) { $0 + count($1) },
      output: OutputTopic(name: options.outputTopic, partitions: Int32(clamping: count(options.outputTopic))),
      deadLetter: OutputTopic(name: options.deadLetterTopic, partitions: Int32(clamping: count(options.deadLetterTopic))))
  }

  private func wait(_ delay: Nanoseconds, while isWanted: () -> Bool) {
    let end = MonotonicClock.now &+ delay
    let clock = Monitor(())
    while isWanted(), MonotonicClock.now < end {
      let _: Void? = clock.wait(until: min(end, MonotonicClock.now &+ 100_000_000)) { _, _ in nil }
    }
  }

  private struct Answer: Sendable {
    var metadata: ClusterMetadata
    /// librdkafka's mock cluster, which drops the offsets of transactions and shows what was aborted.
    var isEmbedded: Bool
  }

  /// How the mock cluster's ids begin.
  private static let embeddedClusterPrefix = "mockCluster"

  /// What the brokers say about topics; nil if it is no longer wanted. The question is then left to a thread of its own, which
  /// ends with the time allowed: librdkafka has no way to take it back.
  private func reach(_ topics: [String], while isWanted: () -> Bool) throws(WorkerError) -> Answer? {
    let answer = Monitor<Result<Answer, KafkaError>?>(nil)
    let options = options
    _ = JoinableThread(name: "preflight") {
      let result: Result<Answer, KafkaError>
      do throws(KafkaError) {
        let admin = try AdminClient(configuration: options.producer)
        let metadata = try admin.metadata(topics: topics, timeout: options.startTimeout)
        let id = options.transactions == nil ? nil : admin.clusterID(timeout: options.startTimeout)
        result = .success(Answer(metadata: metadata, isEmbedded: id?.hasPrefix(Self.embeddedClusterPrefix) == true))
      } catch {
        result = .failure(error)
      }
      answer.update { $0 = result }
    }
    while isWanted() {
      let soon = MonotonicClock.now &+ Duration.milliseconds(100).nanoseconds
      guard let result = answer.wait(until: soon, for: { answer, _ in answer }) else { continue }
      do throws(KafkaError) { return try result.get() } catch { throw .kafka(error) }
    }
    return nil
  }

  private struct TopicProblem {
    var error: WorkerError
    /// It may be gone by itself.
    var isTransient: Bool
  }

  private func problem(with topic: ClusterMetadata.Topic?, named name: String) -> TopicProblem? {
    let missing = TopicProblem(error: .missing(topic: name, on: options), isTransient: false)
    guard let error = topic?.error else { return topic == nil || topic?.partitions.isEmpty == true ? missing : nil }
    if error.isUnknownTopicOrPartition { return missing }
    return TopicProblem(error: .kafka(error), isTransient: error.isRetriable)
  }

  private static let noTransactions = WorkerError(
    .kafka,
    "delivery.guarantee: exactly-once needs a real Kafka: the embedded broker takes transactions but keeps none of their promises. "
      + "Use delivery.guarantee: at-least-once with it")
}

extension Logger {
  /// Takes librdkafka's own log into ours, and counts its errors.
  /// - Parameter fatal: takes the error after which the client is of no further use; without it that is only logged.
  func clientHandlers(errors: Counter, fatal: (@Sendable (KafkaError) -> Void)? = nil) -> ClientHandlers {
    ClientHandlers(
      log: { line in
        let level: LogLevel =
          line.level <= 3 ? .error : line.level == 4 ? .warning : line.level == 5 ? .notice : line.level == 6 ? .info : .debug
        // librdkafka reports every lost connection as an error, although it goes on by itself.
        log(min(level, .warning), "librdkafka: \(line.message)", ["facility": "\(line.facility)"])
      },
      error: { error in
        errors.increment()
        if error.isFatal, let fatal { return fatal(error) }
        log(
          .warning, "librdkafka met an error and goes on",
          ["error": "\(error)", "remedy": "\(error.remedy ?? "none needed if it does not repeat")"])
      })
  }
}
