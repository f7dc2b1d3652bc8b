import TestSupport
import Testing

@testable import SentimentWorker

/// A pipeline over partitions and records that are plain strings and numbers.
typealias TestCore = PipelineCore<String, Int64, Int64, String>

func makeCore(
  batchTokens: Int = 100, batchRecords: Int = 10, wait: Duration = .zero, tokensInFlight: Int = 1000, bytesInFlight: Int = 10_000,
  recordsInFlight: Int = 1000
) -> TestCore {
  TestCore(
    batch: .init(tokens: batchTokens, records: batchRecords, wait: wait),
    flow: .init(tokens: tokensInFlight, bytes: bytesInFlight, records: recordsInFlight))
}

extension TestCore {
  mutating func admit(_ offset: Int64, of partition: String, tokens: Int = 10, at now: Nanoseconds = 0) -> Bool {
    admit(offset, of: partition, offset: offset, bytes: 100, input: offset, tokens: tokens, at: now)
  }

  /// Hands everything that may go out to the producer; returns it in order.
  mutating func releaseAll() -> [Release] {
    var releases: [Release] = []
    while let next = nextRelease() {
      markReleased(next.id, at: 0)
      releases.append(next)
    }
    return releases
  }
}

/// `#expect` for expressions that change the core they are asked of.
func check(_ isTrue: Bool, sourceLocation: SourceLocation = #_sourceLocation) { #expect(isTrue, sourceLocation: sourceLocation) }
func check<Value: Equatable>(_ actual: Value, _ expected: Value, sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(actual == expected, sourceLocation: sourceLocation)
}

@Suite struct PipelineCoreTests {
  @Test func outcomesLeaveInOrderWhateverOrderTheyComeIn() {
    var core = makeCore()
    core.assign(["a"])
    for offset in Int64(5)...8 { check(core.admit(offset, of: "a")) }
    let work = core.takeBatch(at: 0) ?? []
    #expect(work.map(\.input) == [5, 6, 7, 8])
    core.settle(work[2].id, "7")
    core.settle(work[1].id, "6")
    check(core.nextRelease()?.outcome, nil)
    core.settle(work[0].id, "5")
    check(core.releaseAll().map(\.outcome), ["5", "6", "7"])
    core.settle(work[3].id, "8")
    check(core.releaseAll().map(\.outcome), ["8"])
  }

  @Test func commitsFollowTheAcknowledgedPrefixOverGaps() {
    var core = makeCore()
    core.assign(["a"])
    for offset: Int64 in [10, 13, 20] { _ = core.admit(offset, of: "a") }
    let work = core.takeBatch(at: 0) ?? []
    for item in work { core.settle(item.id, "x") }
    let releases = core.releaseAll()
    check(core.takeCommits(), [:])
    _ = core.acknowledge(releases[1].id)
    check(core.takeCommits(), [:])
    _ = core.acknowledge(releases[0].id)
    check(core.takeCommits(), ["a": 14])
    check(core.takeCommits(), [:])
    core.commitFailed(for: ["a"])
    check(core.takeCommits(), ["a": 14])
    _ = core.acknowledge(releases[2].id)
    check(core.takeCommits(), ["a": 21])
  }

  @Test func aRecordSettledAtOnceKeepsItsPlace() {
    var core = makeCore()
    core.assign(["a"])
    _ = core.admit(1, of: "a")
    check(core.admit(2, of: "a", offset: 2, bytes: 0, settled: "dead", at: 0))
    check(core.nextRelease()?.outcome, nil)
    let work = core.takeBatch(at: 0) ?? []
    core.settle(work[0].id, "1")
    check(core.releaseAll().map(\.outcome), ["1", "dead"])
  }

  @Test func revocationFinishesWhatALaneHasAndLeavesWhatWaits() {
    var core = makeCore(batchRecords: 2)
    core.assign(["a", "b"])
    for offset: Int64 in 1...4 { _ = core.admit(offset, of: "a") }
    _ = core.admit(1, of: "b")
    let work = core.takeBatch(at: 0) ?? []
    #expect(work.map(\.input) == [1, 2])
    core.beginRevocation(of: ["a"])
    #expect(!core.isDrained(["a"]))
    check(core.admit(5, of: "a"), false)
    for item in work { core.settle(item.id, "x") }
    for release in core.releaseAll() { _ = core.acknowledge(release.id) }
    #expect(core.isDrained(["a"]))
    check(core.finishRevocation(of: ["a"]), ["a": 3])
    #expect(core.takeBatch(at: 0)?.map(\.input) == [1])  // b's
    #expect(core.load.recordsInFlight == 1)
  }

  @Test func lateResultsOfALostPartitionAreDropped() {
    var core = makeCore()
    core.assign(["a"])
    _ = core.admit(1, of: "a")
    let old = core.takeBatch(at: 0) ?? []
    core.lose(["a"])
    core.assign(["a"])
    _ = core.admit(1, of: "a")
    check(core.settle(old[0].id, "late"), false)
    check(core.nextRelease()?.outcome, nil)
    let new = core.takeBatch(at: 0) ?? []
    check(core.settle(new[0].id, "new"))
    check(core.releaseAll().map(\.outcome), ["new"])
    check(core.acknowledge(old[0].id)?.outcome, nil)
    #expect(core.load.recordsInFlight == 1)
  }

  @Test func consumptionPausesAtABoundAndResumesAtHalf() {
    var core = makeCore(batchTokens: 10, batchRecords: 1, tokensInFlight: 40)
    core.assign(["a"])
    for offset: Int64 in 1...4 { _ = core.admit(offset, of: "a") }
    check(core.nextFlowAction(), .pause)
    check(core.nextFlowAction(), nil)
    var done = 0
    while let work = core.takeBatch(at: 0)?.first {
      core.settle(work.id, "x")
      for release in core.releaseAll() { _ = core.acknowledge(release.id) }
      done += 1
      check(core.nextFlowAction(), (done == 2 ? .resume : nil))
    }
    #expect(done == 4)
  }

  @Test func offsetsThatGoBackAreLabelledAndCommittedAsTheyCome() {
    var core = makeCore()
    core.assign(["a"])
    for offset: Int64 in [50, 51, 0, 1] { check(core.admit(offset, of: "a")) }
    for work in core.takeBatch(at: 0) ?? [] { core.settle(work.id, "\(work.input)") }
    let releases = core.releaseAll()
    #expect(releases.map(\.outcome) == ["50", "51", "0", "1"])
    for release in releases.prefix(2) { _ = core.acknowledge(release.id) }
    check(core.takeCommits(), ["a": 52])
    for release in releases.suffix(2) { _ = core.acknowledge(release.id) }
    check(core.takeCommits(), ["a": 2])
  }

  @Test func whatWasFinishedIsRememberedWhenAPartitionGoes() {
    var core = makeCore()
    core.assign(["a", "b"])
    for offset: Int64 in [7, 8] { check(core.admit(offset, of: "a")) }
    check(core.finishedBelow("a"), nil)
    for work in core.takeBatch(at: 0) ?? [] { core.settle(work.id, "x") }
    _ = core.acknowledge(core.releaseAll()[0].id)
    core.lose(["a", "b"])
    check(core.finishedBelow("a"), 8)
    check(core.finishedBelow("b"), nil)
    core.assign(["a"])
    core.lose(["a"])
    check(core.finishedBelow("a"), 8)
  }

  @Test func aRefusedOutcomeIsReplacedInPlace() {
    var core = makeCore()
    core.assign(["a"])
    _ = core.admit(1, of: "a")
    let work = core.takeBatch(at: 0) ?? []
    core.settle(work[0].id, "too large")
    let first = core.releaseAll()[0]
    check(core.replace(first.id, with: "dead letter")?.record, 1)
    check(core.takeCommits(), [:])
    check(core.acknowledge(first.id)?.outcome, "dead letter")
    check(core.takeCommits(), ["a": 2])
    check(core.replace(first.id, with: "again")?.record, nil)
  }

  @Test func recordIDsSurviveTheirTag() {
    for id in [RecordID(assignment: 0, ordinal: 0), RecordID(assignment: RecordID.assignmentLimit - 1, ordinal: 1 << 40 - 1)] {
      #expect(RecordID(tag: id.tag) == id)
    }
  }

  /// Random events against a model that knows only lists: whatever happens, order holds, no commit passes an unacknowledged
  /// record, every admitted record is released once per assignment, and nothing stays in flight at the end.
  @Test(arguments: 0..<60)
  func randomEventsKeepThePromises(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var core = makeCore(
      batchTokens: Int.random(in: 1...80, using: &random), batchRecords: Int.random(in: 1...8, using: &random),
      tokensInFlight: 200, recordsInFlight: 50)
    let partitions = ["a", "b", "c"]
    var model = PartitionModels()
    var now: Nanoseconds = 0
    var inLanes: [TestCore.Work] = []
    var onTheirWay: [TestCore.Release] = []

    func finish(_ core: inout TestCore) {
      while let batch = core.takeBatch(at: now) { inLanes.append(contentsOf: batch) }
      for work in inLanes.shuffled(using: &random) { core.settle(work.id, "\(work.input)") }
      inLanes = []
      for release in core.releaseAll() {
        model.released(release.record)
        onTheirWay.append(release)
      }
      for release in onTheirWay.shuffled(using: &random) where core.acknowledge(release.id) != nil {
        model.acknowledged(release.record)
      }
      onTheirWay = []
    }

    for _ in 0..<600 {
      now += UInt64.random(in: 0...1000, using: &random)
      let partition = partitions.randomElement(using: &random) ?? "a"
      switch Int.random(in: 0..<20, using: &random) {
      case 0:
        core.assign([partition])
        model.assign(partition)
      case 1:
        core.beginRevocation(of: [partition])
        if Bool.random(using: &random) { finish(&core) }
        let offsets = core.finishRevocation(of: [partition])
        model.checkCommits(offsets)
        model.remove(partition)
      case 2:
        core.lose([partition])
        model.remove(partition)
      case 3...9:
        let offset = model.nextOffset(partition, skipping: Int64.random(in: 0...2, using: &random))
        let settled = Bool.random(using: &random)
        let isAdmitted =
          settled
          ? core.admit(offset, of: partition, offset: offset, bytes: 1, settled: "\(offset)", at: now)
          : core.admit(offset, of: partition, tokens: Int.random(in: 1...30, using: &random), at: now)
        #expect(isAdmitted == model.isAssigned(partition))
        if isAdmitted { model.admitted(partition, offset) }
      case 10...12:
        if let batch = core.takeBatch(at: now) { inLanes.append(contentsOf: batch) }
      case 13...15:
        if let index = inLanes.indices.randomElement(using: &random) {
          let work = inLanes.remove(at: index)
          core.settle(work.id, "\(work.input)")
        }
      case 16:
        for release in core.releaseAll() {
          model.released(release.record)
          onTheirWay.append(release)
        }
      case 17, 18:
        if let index = onTheirWay.indices.randomElement(using: &random) {
          let release = onTheirWay.remove(at: index)
          if core.acknowledge(release.id) != nil { model.acknowledged(release.record) }
        }
      default:
        model.checkCommits(core.takeCommits())
      }
    }
    finish(&core)
    model.checkCommits(core.takeCommits())
    #expect(core.load == PipelineLoad())
    #expect(core.isDrained)
    #expect(model.failures.isEmpty, "\(model.failures)")
    #expect(model.unreleased.isEmpty)
  }
}

/// What must hold, kept as plain lists. Offsets of different partitions lie a million apart, so that one names its partition.
struct PartitionModels {
  private struct Life {
    var admitted: [Int64] = []
    var released: [Int64] = []
    var acknowledged: Set<Int64> = []
  }
  private var lives: [String: Life] = [:]
  private var nextOffsets: [String: Int64] = ["a": 0, "b": 1_000_000, "c": 2_000_000]
  var failures: [String] = []

  private func owner(of offset: Int64) -> String { ["a", "b", "c"][Int(offset / 1_000_000)] }

  func isAssigned(_ partition: String) -> Bool { lives[partition] != nil }
  mutating func assign(_ partition: String) { if lives[partition] == nil { lives[partition] = Life() } }
  mutating func remove(_ partition: String) { lives[partition] = nil }

  mutating func nextOffset(_ partition: String, skipping gap: Int64) -> Int64 {
    let offset = nextOffsets[partition, default: 0] + gap
    nextOffsets[partition] = offset + 1
    return offset
  }

  mutating func admitted(_ partition: String, _ offset: Int64) { lives[partition]?.admitted.append(offset) }

  mutating func released(_ offset: Int64) {
    guard let life = lives[owner(of: offset)] else {
      failures.append("\(offset) was released while its partition is not assigned")
      return
    }
    if life.released.count >= life.admitted.count || life.admitted[life.released.count] != offset {
      failures.append("\(offset) was released out of order")
    }
    lives[owner(of: offset)]?.released.append(offset)
  }

  mutating func acknowledged(_ offset: Int64) { lives[owner(of: offset)]?.acknowledged.insert(offset) }

  mutating func checkCommits(_ commits: [String: Int64]) {
    for (partition, offset) in commits {
      guard let life = lives[partition] else {
        failures.append("\(partition) was committed while it is not assigned")
        continue
      }
      for earlier in life.admitted where earlier < offset && !life.acknowledged.contains(earlier) {
        failures.append("commit \(offset) of \(partition) passes \(earlier), which is not acknowledged")
      }
    }
  }
  var unreleased: [Int64] { lives.values.flatMap { Array($0.admitted.dropFirst($0.released.count)) } }
}
