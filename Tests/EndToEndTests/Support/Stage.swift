import Foundation
import Kafka
import Testing

/// Which Kafka a test runs on.
enum Broker: String, CaseIterable, CustomTestStringConvertible {
  /// librdkafka's mock cluster, in the tests' own process.
  case embedded = "embedded broker"
  /// The Apache Kafka at `SENTIMENT_TEST_KAFKA`. `RealKafkaTests` is skipped in the test log where there is none.
  case real = "real Apache Kafka"

  /// Those that are there.
  static let available = RealKafka.servers == nil ? [Broker.embedded] : allCases

  var testDescription: String { rawValue }
}

/// A real Apache Kafka, where the environment names one.
enum RealKafka {
  static let servers = variable("SENTIMENT_TEST_KAFKA")
  static let secureServers = variable("SENTIMENT_TEST_KAFKA_SECURE")
  static let certificateAuthority = variable("SENTIMENT_TEST_KAFKA_CA")
  static var isSecureThere: Bool { servers != nil && secureServers != nil && certificateAuthority != nil }

  private static func variable(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
  }
}

/// What one test plays on: a broker, three topics and a group that nobody else uses, and the workers it starts.
final class Stage {
  let servers: String
  /// The embedded broker, for making it misbehave; nil on a real one.
  let cluster: MockCluster?
  let input: String
  let output: String
  let deadLetter: String
  let group: String
  private let partitions: (input: Int32, output: Int32)
  private var workers: [WorkerProcess] = []

  private init(servers: String, cluster: MockCluster?, partitions: Int32, outputPartitions: Int32) throws {
    self.servers = servers
    self.cluster = cluster
    let run = UUID().uuidString.prefix(8)
    input = "reviews-\(run)"
    output = "labels-\(run)"
    deadLetter = "dead-letters-\(run)"
    group = "group-\(run)"
    self.partitions = (partitions, outputPartitions)
    try Topics.create(
      [(input, partitions), (output, outputPartitions), (deadLetter, outputPartitions)], on: servers, embedded: cluster)
  }

  /// Sets a stage, plays on it, and leaves nothing behind: every worker that still runs is killed.
  /// An error that the play throws gets the workers' logs as a comment.
  static func play(
    on broker: Broker = .embedded, partitions: Int32 = 4, outputPartitions: Int32? = nil, _ play: (Stage) throws -> Void
  ) throws {
    let cluster = broker == .embedded ? try MockCluster() : nil
    defer { cluster?.close() }
    try self.play(
      servers: try #require(cluster?.bootstrapServers ?? RealKafka.servers), cluster: cluster, partitions: partitions,
      outputPartitions: outputPartitions ?? partitions, play)
  }

  /// The same on a Kafka that the test may break.
  static func play(on kafka: OwnKafka, partitions: Int32 = 4, _ play: (Stage) throws -> Void) throws {
    try self.play(servers: kafka.servers, cluster: nil, partitions: partitions, outputPartitions: partitions, play)
  }

  private static func play(
    servers: String, cluster: MockCluster?, partitions: Int32, outputPartitions: Int32, _ play: (Stage) throws -> Void
  ) throws {
    let stage = try Stage(servers: servers, cluster: cluster, partitions: partitions, outputPartitions: outputPartitions)
    defer { for worker in stage.workers { worker.kill() } }
    do {
      try play(stage)
    } catch {
      for (index, worker) in stage.workers.enumerated() {
        Issue.record("worker \(index), \(worker.exit.map { "\($0)" } ?? "running"), its log ends:\n\(worker.tail)")
      }
      throw error
    }
  }

  // MARK: Workers

  /// Arguments of `run` on this stage: quick to notice a member that is gone, and to commit.
  var runArguments: [String] {
    [
      "run", "--brokers", servers, "--group", group, "--input-topic", input, "--output-topic", output, "--dead-letter-topic",
      deadLetter, "--stats-interval", "200ms", "--log-level", "debug", "--kafka", "session.timeout.ms=6000", "--kafka",
      "heartbeat.interval.ms=500",
    ]
  }

  /// Starts a worker; the constant label takes the model's place unless the environment given says otherwise.
  func launch(_ arguments: [String] = [], environment: [String: String] = constantLabel) throws -> WorkerProcess {
    try start(runArguments + arguments, environment: environment)
  }

  /// Starts the program with arguments of the caller's.
  func start(_ arguments: [String], environment: [String: String]) throws -> WorkerProcess {
    let worker = try WorkerProcess(arguments, environment: environment)
    workers.append(worker)
    return worker
  }

  // MARK: Topics

  /// Produces messages to the input topic and waits for every acknowledgement.
  @discardableResult
  func feed(_ messages: [Message]) throws -> [Sent] { try Topics.produce(messages, to: input, on: servers) }

  /// A reader of results and dead letters from their beginning.
  func reader() throws -> TopicReader {
    try TopicReader(servers: servers, topics: [(output, partitions.output), (deadLetter, partitions.output)])
  }

  /// Everything that is in the output and the dead-letter topic now.
  func everything() throws -> Outcomes {
    let reader = try reader()
    try reader.readToEnd()
    return reader.outcomes(output: output)
  }

  /// The group's committed offsets, by input partition.
  func committed() throws -> [Int32: Int64] {
    let consumer = try Consumer(configuration: KafkaConfiguration(["bootstrap.servers": servers, "group.id": group]))
    let all = (0..<partitions.input).map { TopicPartition(topic: input, partition: $0) }
    return Dictionary(try consumer.committed(all, timeout: .seconds(20)).map { ($0.key.partition, $0.value) }) { $1 }
  }
}
