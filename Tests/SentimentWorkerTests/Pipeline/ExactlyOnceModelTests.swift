import TestSupport
import Testing

@testable import SentimentWorker

/// A broker with one output log and one group, as far as transactions go.
private struct ModelBroker {
  /// What `read_committed` readers see, in order.
  private(set) var visible: [Int64] = []
  private(set) var committed: [String: Int64] = [:]
  /// The group's generation; offsets of another are refused.
  var generation = 1
  private var open: [Int64] = []
  private var openOffsets: [String: Int64] = [:]

  mutating func send(_ record: Int64) { open.append(record) }

  /// False if the group has moved on.
  mutating func sendOffsets(_ offsets: [String: Int64], of generation: Int) -> Bool {
    guard generation == self.generation else { return false }
    openOffsets = offsets
    return true
  }

  mutating func commit() {
    visible += open
    committed.merge(openOffsets) { $1 }
    abort()
  }

  mutating func abort() {
    open = []
    openOffsets = [:]
  }
}

/// A worker's pure cores, driven by random events, and the broker they believe in. `Partition` is a letter; records are their
/// offsets, a million apart by partition.
private struct ModelWorker {
  var core = makeCore(tokensInFlight: 300, recordsInFlight: 40)
  var transaction = TransactionCore<Int>(
    TransactionLimits(interval: .nanoseconds(500), records: 12, timeout: .seconds(3600)))
  var broker = ModelBroker()
  /// The next offset to read, by assigned partition.
  var positions: [String: Int64] = [:]
  var inLanes: [TestCore.Work] = []
  /// Released and not with the broker yet.
  var sending: [TestCore.Release] = []
  var now: Nanoseconds = 0
  var counts: [String: Int] = [:]

  static let base: [String: Int64] = ["a": 0, "b": 1_000_000, "c": 2_000_000]

  mutating func assign(_ partition: String) {
    guard positions[partition] == nil else { return }
    positions[partition] = broker.committed[partition] ?? Self.base[partition]
    transaction.joined(broker.generation)
    core.assign([partition])
  }

  /// The group gives a partition to somebody else, who writes nothing, and back later.
  mutating func revoke(_ partition: String, isDrained: Bool, _ random: inout SeededRandom) {
    guard positions[partition] != nil else { return }
    transaction.joined(broker.generation)
    core.beginRevocation(of: [partition])
    if isDrained {
      for _ in 0..<200 where !core.isDrained([partition]) {
        label(&random)
        now += 10
        step(&random, failing: 0)
      }
    }
    _ = core.finishRevocation(of: [partition])
    positions[partition] = nil
    broker.generation += 1
    // What remains is ours in the next generation; the callback that says so comes with this one.
    transaction.joined(broker.generation)
  }

  /// Others have everything, before this worker hears of it; then it does.
  mutating func lose(_ random: inout SeededRandom) {
    broker.generation += 1
    for _ in 0..<Int.random(in: 0...6, using: &random) {
      now += 100
      label(&random)
      step(&random, failing: 0.1)
    }
    transaction.joined(nil)
    core.lose(Array(positions.keys))
    positions = [:]
  }

  mutating func consume(_ partition: String, gap: Int64, _ random: inout SeededRandom) {
    guard let position = positions[partition], core.headroom.records > 0 else { return }
    let offset = position + gap
    positions[partition] = offset + 1
    check(
      Bool.random(using: &random)
        ? core.admit(offset, of: partition, offset: offset, bytes: 1, settled: "\(offset)", at: now)
        : core.admit(offset, of: partition, tokens: Int.random(in: 1...20, using: &random), at: now))
  }

  mutating func label(_ random: inout SeededRandom) {
    if let batch = core.takeBatch(at: now) { inLanes += batch }
    inLanes.shuffle(using: &random)
    // Most of what lanes have, in any order.
    while Int.random(in: 0..<8, using: &random) > 0, let work = inLanes.popLast() { core.settle(work.id, "\(work.input)") }
  }

  mutating func release() {
    while transaction.mayRelease, let next = core.nextRelease() {
      core.markReleased(next.id, at: now)
      transaction.released(1, at: now)
      sending.append(next)
    }
  }

  mutating func step(_ random: inout SeededRandom, failing: Double) {
    func fails() -> Bool { Double.random(in: 0..<1, using: &random) < failing }
    release()
    let step = transaction.nextStep(at: now, core.transactionCircumstances)
    let offsets = core.transactionOffsets
    switch step {
    case .wait:
      for release in sending { broker.send(release.record) }
      sending = []
      // Refused outside of a step.
      if fails() { transaction.refused(Bool.random(using: &random) ? .abortable : .indefinite, at: now) }
    case .initialise:
      sending = []
      if fails() { return transaction.failed(.indefinite, at: now) }
      broker.abort()
      if transaction.initialised() { core.transactionAborted() }
    case .begin: transaction.began()
    case .commit(let member):
      for release in sending { broker.send(release.record) }
      sending = []
      guard broker.sendOffsets(offsets, of: member) else {
        return transaction.failed(.abortable, isStaleMember: true, at: now)
      }
      // Events that come while the commit is under way.
      label(&random)
      if fails() {
        // With or without effect, and told as either.
        if Bool.random(using: &random) { broker.commit() }
        return transaction.failed(Bool.random(using: &random) ? .abortable : .indefinite, at: now)
      }
      broker.commit()
      _ = core.transactionCommitted()
      transaction.committed()
      counts["commits", default: 0] += 1
    case .abort:
      sending = []
      if fails() { return transaction.failed(.indefinite, at: now) }
      broker.abort()
      if transaction.aborted() { core.transactionAborted() }
      counts["aborts", default: 0] += 1
    case .lookUp:
      if fails() { return }
      let isCommitted = offsets.allSatisfy { partition, offset in broker.committed[partition].map { $0 >= offset } ?? false }
      if isCommitted {
        _ = core.transactionCommitted()
        transaction.committed()
      } else if transaction.lookedUp() {
        core.transactionAborted()
      }
      counts[isCommitted ? "found committed" : "found aborted", default: 0] += 1
    case .giveUp: Issue.record("nobody else has the id")
    }
  }
}

@Suite struct ExactlyOnceModelTests {
  /// Whatever happens, every record that the committed offsets have passed is visible exactly once, in its partition's order,
  /// and nothing else is; in the end that is everything.
  @Test(arguments: 0..<60)
  func randomFailuresAndRebalances(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var worker = ModelWorker()
    /// All offsets ever read, by partition; gaps stay gaps when they are read again.
    var log: [String: [Int64]] = [:]
    let partitions = ["a", "b", "c"]
    for partition in partitions {
      var offset = ModelWorker.base[partition] ?? 0
      log[partition] = (0..<200).map { _ in
        offset += Int64.random(in: 1...3, using: &random)
        return offset
      }
    }

    func consume(_ partition: String) {
      guard let position = worker.positions[partition], let next = log[partition]?.first(where: { $0 >= position }) else {
        return
      }
      worker.consume(partition, gap: next - position, &random)
    }
    func verify() {
      for partition in partitions {
        let base = ModelWorker.base[partition] ?? 0
        let visible = worker.broker.visible.filter { (base..<base + 1_000_000).contains($0) }
        let passed = log[partition]?.filter { $0 < worker.broker.committed[partition] ?? base } ?? []
        #expect(visible == passed, "partition \(partition)")
      }
    }

    for event in 0..<1500 {
      worker.now += UInt64.random(in: 0...100, using: &random)
      let partition = partitions.randomElement(using: &random) ?? "a"
      switch Int.random(in: 0..<40, using: &random) {
      case 0, 1: worker.assign(partition)
      case 2: worker.revoke(partition, isDrained: Bool.random(using: &random), &random)
      case 3 where Bool.random(using: &random): worker.lose(&random)
      case 4...20: consume(partition)
      case 21...28: worker.label(&random)
      default: worker.step(&random, failing: 0.05)
      }
      if event.isMultiple(of: 20) { verify() }
    }
    // Peace: everything is read, labelled and committed.
    for _ in 0..<3000 {
      worker.now += 100
      for partition in partitions {
        worker.assign(partition)
        consume(partition)
      }
      worker.label(&random)
      worker.step(&random, failing: 0)
    }
    verify()
    #expect(worker.broker.visible.count == 600)
    #expect(worker.core.load == PipelineLoad())
    #expect(worker.counts["commits", default: 0] > 0)
  }
}
