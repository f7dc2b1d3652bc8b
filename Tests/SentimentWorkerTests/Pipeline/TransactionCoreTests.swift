import TestSupport
import Testing

@testable import SentimentWorker

typealias TestTransaction = TransactionCore<Int>

private let limits = TransactionLimits(interval: .nanoseconds(100), records: 10, timeout: .nanoseconds(10_000))

extension TestTransaction {
  fileprivate static func opened(member: Int? = 1) -> TestTransaction {
    var transaction = TestTransaction(limits)
    transaction.joined(member)
    _ = transaction.initialised()
    transaction.began()
    return transaction
  }

  /// The next step by name.
  fileprivate mutating func step(
    at now: Nanoseconds = 0, isAwaited: Bool = false, isFull: Bool = false, isForfeited: Bool = false
  ) -> String {
    switch nextStep(at: now, .init(isAwaited: isAwaited, isFull: isFull, isForfeited: isForfeited)) {
    case .initialise: "initialise"
    case .begin: "begin"
    case .commit(let member): "commit as \(member)"
    case .abort: "abort"
    case .lookUp: "look up"
    case .wait(let moment): moment == .max ? "wait" : "wait until \(moment)"
    case .giveUp: "give up"
    }
  }
}

@Suite struct TransactionCoreTests {
  @Test func nothingIsReleasedBeforeTheIdIsOursAndTheGroupJoined() {
    var transaction = TestTransaction(limits)
    #expect(!transaction.mayRelease)
    check(transaction.step(), "initialise")
    check(transaction.initialised(), true)
    check(transaction.step(), "begin")
    transaction.began()
    #expect(!transaction.mayRelease)
    transaction.joined(7)
    #expect(transaction.mayRelease)
    check(transaction.step(), "wait")
  }

  @Test func aCommitIsDueByTimeSizeRoomOrImpatience() {
    var transaction = TestTransaction.opened()
    transaction.released(3, at: 50)
    transaction.released(1, at: 55)
    for circumstance in 0..<4 {
      var other = transaction
      switch circumstance {
      case 0: check(other.step(at: 100), "commit as 1")
      case 1: check(other.step(at: 60, isAwaited: true), "commit as 1")
      case 2: check(other.step(at: 60, isFull: true), "commit as 1")
      default:
        other.released(6, at: 60)
        #expect(!other.mayRelease)
        check(other.step(at: 60), "commit as 1")
      }
      #expect(!other.mayRelease, "nothing is sent while a transaction is committed")
    }
    check(transaction.step(at: 99), "wait until 100")
  }

  @Test func onAQuietStreamAResultIsCommittedAtOnce() {
    var transaction = TestTransaction.opened()
    transaction.released(1, at: 5000)
    check(transaction.step(at: 5001), "commit as 1")
    transaction.committed()
    transaction.began()
    transaction.released(1, at: 5002)
    check(transaction.step(at: 5003), "wait until 5101")
  }

  @Test func anEmptyTransactionStaysOpenHoweverImpatientWeAre() {
    var transaction = TestTransaction.opened()
    check(transaction.step(at: 5000, isAwaited: true, isFull: true), "wait")
  }

  @Test func withoutAMembershipNothingIsCommitted() {
    var transaction = TestTransaction.opened()
    transaction.released(1, at: 0)
    transaction.joined(nil)
    check(transaction.step(at: 500), "wait")
    #expect(!transaction.mayRelease)
    transaction.joined(2)
    check(transaction.step(at: 500), "commit as 2")
  }

  @Test func aRefusalOfAnEarlierGenerationLeavesTheNewOneAlone() {
    for isNewKnown in [false, true] {
      var transaction = TestTransaction.opened(member: 1)
      transaction.released(1, at: 0)
      check(transaction.step(at: 100), "commit as 1")
      if isNewKnown { transaction.joined(2) }
      transaction.failed(.abortable, isStaleMember: true, at: 110)
      #expect(transaction.isMember == isNewKnown)
      check(transaction.step(at: 110), "abort")
      check(transaction.aborted(), false)
      check(transaction.step(at: 110), "look up")
      check(transaction.lookedUp(), true)
      check(transaction.step(at: 110), "begin")
    }
  }

  @Test func whatWasForfeitedIsAborted() {
    var transaction = TestTransaction.opened()
    transaction.released(1, at: 0)
    check(transaction.step(at: 1, isForfeited: true), "abort")
    #expect(!transaction.mayRelease)
    check(transaction.aborted(), true)
    #expect(transaction.records == 0)
  }

  @Test func anIndefiniteFailureNeedsANewProducerBeforeAnythingElse() {
    var transaction = TestTransaction.opened()
    transaction.released(1, at: 0)
    check(transaction.step(at: 100), "commit as 1")
    transaction.failed(.indefinite, at: 100)
    check(transaction.step(at: 100), "initialise")
    transaction.failed(.indefinite, at: 100)
    check(transaction.step(at: 200), "initialise")
    check(transaction.initialised(), false)
    check(transaction.step(at: 200), "look up")
    #expect(!transaction.mayRelease)
  }

  @Test func refusedRecordsMakeAbortingTooLittle() {
    var transaction = TestTransaction.opened()
    transaction.released(1, at: 0)
    check(transaction.step(at: 100), "commit as 1")
    transaction.refused(.indefinite, at: 100)
    check(transaction.step(at: 100), "wait")
    transaction.failed(.abortable, at: 100)
    transaction.refused(.indefinite, at: 100)
    check(transaction.step(at: 100), "initialise")
  }

  @Test func fencedEndsTheWorkerUnlessTheTimeoutExplainsIt() {
    var young = TestTransaction.opened()
    young.released(1, at: 0)
    young.failed(.fenced, at: 9_999)
    check(young.step(at: 9_999), "give up")
    young.failed(.abortable, at: 9_999)
    check(young.step(at: 9_999), "give up")

    var old = TestTransaction.opened()
    old.released(1, at: 0)
    old.failed(.fenced, at: 10_000)
    check(old.step(at: 10_000), "initialise")
  }
}
