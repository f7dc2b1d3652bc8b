import Settings
import Testing

@testable import SentimentWorker

@Suite struct UnusablePolicyTests {
  @Test func everyKindHasASettingOfItsName() {
    for kind in UnusableKind.allCases {
      #expect(FailureSettings.policies[kind]?.row.key == "unusable.\(kind.rawValue)")
    }
    #expect(Set(Unusable.Reason.allCases.map(\.kind)) == Set(UnusableKind.allCases))
  }

  @Test func byDefaultTombstonesPassAndTheRestIsDeadLettered() {
    let policies = FailureSettings.unusablePolicies(WorkerSettings.table.defaults)
    for reason in Unusable.Reason.allCases {
      #expect(policies[reason] == (reason == .tombstone ? .passThrough : .deadLetter))
    }
  }

  @Test func aSettingChangesItsKindOnly() {
    let values = WorkerSettings.table.defaults.with(FailureSettings.textMissing, .skip)
    let policies = FailureSettings.unusablePolicies(values)
    #expect(Unusable.Reason.allCases.filter { policies[$0] == .skip } == [.fieldMissing, .notAString])
  }

  @Test func theEndSaysWhereAndWhatToDo() {
    let source = MessageSource(topic: "reviews", partition: 3, offset: 42, timestamp: nil)
    let error = WorkerError.unusable(Unusable(reason: .blank, detail: "empty text"), in: source)
    #expect(error.kind == .unusable)
    for words in ["topic reviews, partition 3, offset 42", "blank", "unusable.empty-text", "dead-letter"] {
      #expect(error.description.contains(words), "\(error)")
    }
  }
}
