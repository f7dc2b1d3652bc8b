import Kafka
import Synchronization
import Testing

/// Two members on threads of their own share four partitions; the first commits what it has read while it is revoked.
private final class Rebalance {
  let servers: String
  let topic: String
  let strategy: String
  private let producer: Producer

  init(servers: String, topic: String, strategy: String) throws {
    self.servers = servers
    self.topic = topic
    self.strategy = strategy
    producer = try Producer(configuration: .producer(servers))
  }

  /// What one member did, seen from the test's thread.
  final class Member: Sendable {
    struct State {
      var owned: Set<TopicPartition> = []
      var revocations: [[TopicPartition]] = []
      var read: [TopicPartition: [Int64]] = [:]
      var commits: [KafkaError?] = []
      var pollInRevocation: String?
      var failure: String?

      var readCount: Int { read.values.reduce(0) { $0 + Set($1).count } }
    }
    let state = Mutex(State())
    let stop = Atomic(false)
  }

  private final class CommittingDelegate: ConsumerDelegate {
    let member: Member
    init(_ member: Member) { self.member = member }

    func consumer(_ consumer: Consumer, assigned partitions: [TopicPartition]) {
      member.state.withLock { $0.owned.formUnion(partitions) }
    }

    func consumer(_ consumer: Consumer, revoked partitions: [TopicPartition]) {
      let done = member.state.withLock { state in
        state.revocations.append(partitions)
        return state.read.compactMapValues(\.last).mapValues { $0 + 1 }.filter { partitions.contains($0.key) }
      }
      var pollInRevocation: String?
      if case .error(let error) = consumer.poll(timeout: .zero) { pollInRevocation = error.name }
      var refusal: KafkaError?
      do { try consumer.commit(done, synchronous: true) } catch { refusal = error }
      member.state.withLock { state in
        state.pollInRevocation = pollInRevocation
        state.commits.append(refusal)
        state.owned.subtract(partitions)
      }
    }
  }

  private func run(_ member: Member) -> Worker {
    let configuration = KafkaConfiguration.consumer(servers, group: topic, ["partition.assignment.strategy": strategy])
    let topic = topic
    return Worker {
      do {
        let delegate = CommittingDelegate(member)
        let consumer = try Consumer(configuration: configuration, delegate: delegate)
        try consumer.subscribe(topics: [topic])
        while !member.stop.load(ordering: .relaxed) {
          if case .record(let record) = consumer.poll(timeout: .milliseconds(20)) {
            member.state.withLock { $0.read[record.topicPartition, default: []].append(record.offset) }
          }
        }
        try consumer.close()
      } catch {
        member.state.withLock { $0.failure = "\(error)" }
      }
    }
  }

  private func wait(_ what: String, until done: () -> Bool) throws {
    let end = ContinuousClock.now.advanced(by: patience)
    while ContinuousClock.now < end {
      if done() { return }
      producer.poll(timeout: .milliseconds(20)) { _ in }
    }
    throw TimedOut(description: "waited \(patience) for \(what)")
  }

  /// - Returns: what both members did, after both have left.
  func run() throws -> (Member.State, Member.State) {
    for id in Int32(0)..<4 { try producer.sendAll(["a", "b", "c"], to: topic, partition: id) }
    let (first, second) = (Member(), Member())
    var threads = [run(first)]
    defer {
      for member in [second, first] { member.stop.store(true, ordering: .relaxed) }
      for thread in threads { thread.join() }
      producer.close(flushTimeout: patience) { _ in }
    }
    try wait("the first member to read all") { first.state.withLock { $0.readCount } == 12 }
    threads.append(run(second))
    try wait("two partitions each") {
      first.state.withLock { $0.owned.count } == 2 && second.state.withLock { $0.owned.count } == 2
    }
    for id in Int32(0)..<4 { try producer.sendAll(["d"], to: topic, partition: id) }
    let (owned1, owned2) = (first.state.withLock { $0.owned }, second.state.withLock { $0.owned })
    try wait("the new records") {
      let one = first.state.withLock { state in owned1.allSatisfy { state.read[$0]?.last == 3 } }
      return one && second.state.withLock { state in owned2.allSatisfy { state.read[$0]?.last == 3 } }
    }
    let result = (first.state.withLock { $0 }, second.state.withLock { $0 })
    return result
  }
}

@Suite("Rebalance")
struct RebalanceTests {
  static let strategies = ["range", "cooperative-sticky"]

  private func check(_ one: Rebalance.Member.State, _ two: Rebalance.Member.State, strategy: String) {
    #expect(one.failure == nil && two.failure == nil)
    // Eager gives everything back first, cooperative only what moves.
    #expect(one.revocations.first.map { Set($0).count } == (strategy == "range" ? 4 : 2))
    #expect(one.pollInRevocation == "_CONFLICT")
    let all = one.read.merging(two.read) { $0 + $1 }
    #expect(all.count == 4 && all.values.allSatisfy { Set($0) == [0, 1, 2, 3] }, "\(all)")
  }

  /// The mock refuses commits while a group rebalances, which a real coordinator accepts from members that are still to join:
  /// here records may be read again, but none is lost.
  @Test("a second member takes over half of the partitions", arguments: strategies)
  func onMock(strategy: String) throws {
    let mock = try MockCluster()
    try mock.createTopic("t", partitions: 4)
    let (one, two) = try Rebalance(servers: mock.bootstrapServers, topic: "t", strategy: strategy).run()
    check(one, two, strategy: strategy)
    #expect(one.commits.compactMap { $0 }.allSatisfy { $0.isStaleGroupMember })
  }

  @Test(
    "real Kafka: what the first committed while it was revoked is where the second begins",
    .enabled(if: RealKafka.isThere, "set SENTIMENT_TEST_KAFKA to run this"), arguments: strategies)
  func onRealKafka(strategy: String) throws {
    let servers = try #require(RealKafka.servers)
    let topic = RealKafka.uniqueName("rebalance")
    let admin = try AdminClient(configuration: KafkaConfiguration(["bootstrap.servers": servers]))
    try admin.createAndWait([.init(topic, partitionCount: 4)])
    let (one, two) = try Rebalance(servers: servers, topic: topic, strategy: strategy).run()
    check(one, two, strategy: strategy)
    #expect(one.commits == [nil])
    #expect(two.read.count == 2 && two.read.values.allSatisfy { $0 == [3] }, "\(two.read)")
    #expect(one.read.values.allSatisfy { $0 == [0, 1, 2] || $0 == [0, 1, 2, 3] }, "\(one.read)")
  }
}
