import Kafka
import Telemetry

/// A topic that the worker writes to.
struct OutputTopic: Sendable, Equatable {
  var name: String
  var partitions: Int32

  /// Where a message's outcome goes: with a key, the key decides (nil: librdkafka's partitioner); without one, the input
  /// partition does, so that the order of a partition's messages holds.
  func partition(for message: ConsumerRecord) -> Int32? {
    message.keyCount == nil ? message.partition % max(partitions, 1) : nil
  }
}

/// The topics of a worker, as found on the cluster.
struct WorkerTopics: Sendable, Equatable {
  var inputPartitions: Int
  var output: OutputTopic
  var deadLetter: OutputTopic
}

/// Reaches the brokers and looks for the topics before anything is consumed, so that what is wrong is said at once.
struct Preflight {
  let options: WorkerOptions

  /// - Parameter isWanted: asked ten times a second; false gives the check up.
  /// - Returns: nil if it was given up.
  /// - Throws: `WorkerError` of kind `kafka` that names every topic that is missing and how to create it, or says that the
  ///   brokers keep no transactions although they are needed.
  func check(while isWanted: () -> Bool) throws(WorkerError) -> WorkerTopics? {
    let names = [options.inputTopic, options.outputTopic, options.deadLetterTopic]
    guard let answer = try reach(names, while: isWanted) else { return nil }
    if answer.isEmbedded {
      throw WorkerError(
        .kafka,
        "delivery.guarantee: exactly-once needs a real Kafka: the embedded broker takes transactions but keeps none of their promises. "
          + "Use delivery.guarantee: at-least-once with it")
    }
    let metadata = answer.metadata
    let problems = names.compactMap { problem(with: metadata.topic($0), named: $0) }
    guard problems.isEmpty else { throw WorkerError(.kafka, problems.joined(separator: "\n")) }
    func count(_ name: String) -> Int { metadata.topic(name)?.partitions.count ?? 1 }
    return WorkerTopics(
      inputPartitions: count(options.inputTopic),
      output: OutputTopic(name: options.outputTopic, partitions: Int32(clamping: count(options.outputTopic))),
      deadLetter: OutputTopic(name: options.deadLetterTopic, partitions: Int32(clamping: count(options.deadLetterTopic))))
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

  private func problem(with topic: ClusterMetadata.Topic?, named name: String) -> String? {
    guard let error = topic?.error else {
      return topic == nil || topic?.partitions.isEmpty == true ? Self.missing(name, options) : nil
    }
    return error.isUnknownTopicOrPartition ? Self.missing(name, options) : WorkerError.kafka(error).description
  }

  private static func missing(_ name: String, _ options: WorkerOptions) -> String {
    let brokers = options.producer["bootstrap.servers"] ?? "HOST:PORT"
    return "topic \(name) does not exist; create it with: "
      + "kafka-topics.sh --bootstrap-server \(brokers) --create --topic \(name) --partitions 4"
  }
}

extension WorkerError {
  /// What Kafka refused, with what to do about it.
  static func kafka(_ error: KafkaError) -> WorkerError {
    WorkerError(.kafka, error.remedy.map { "\(error); \($0)" } ?? "\(error)")
  }
}

extension Logger {
  /// Takes librdkafka's own log into ours, and counts its errors.
  func clientHandlers(errors: Counter) -> ClientHandlers {
    ClientHandlers(
      log: { line in
        let level: LogLevel =
          line.level <= 3 ? .error : line.level == 4 ? .warning : line.level == 5 ? .notice : line.level == 6 ? .info : .debug
        // librdkafka reports every lost connection as an error, although it goes on by itself.
        log(min(level, .warning), "librdkafka: \(line.message)", ["facility": "\(line.facility)"])
      },
      error: { error in
        errors.increment()
        log(
          .warning, "librdkafka met an error and goes on",
          ["error": "\(error)", "remedy": "\(error.remedy ?? "none needed if it does not repeat")"])
      })
  }
}
