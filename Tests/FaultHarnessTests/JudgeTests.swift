import Testing

@testable import FaultHarness

/// Verdicts on observations that are made up: right ones, and with one thing wrong each.
struct JudgeTests {
  /// Two input partitions with ten records each, three keys, one poison record and one tombstone, all done as they should be.
  static let sound: Observations = {
    var seen = Observations()
    for partition in Int32(0)..<2 {
      for offset in Int64(0)..<10 {
        let place = Place(partition: partition, offset: offset)
        let fate: Fate = offset == 4 ? .deadLettered(reason: "not-json") : offset == 7 ? .passedThrough : .labelled
        let key = Array("key-\(partition)-\(offset % 3)".utf8)
        let value: [UInt8]? = offset == 4 ? [1] : nil
        seen.inputs.append(InputRecord(place: place, id: "r\(partition)-\(offset)", key: key, value: value, fate: fate))
        let topic: OutcomeRecord.Topic = offset == 4 ? .deadLetter : .output
        let written = seen.outcomes.count { $0.topic == topic && $0.place.partition == partition }
        seen.outcomes.append(
          OutcomeRecord(
            topic: topic, place: Place(partition: partition, offset: Int64(written)), appendedAt: 1000 + offset * 100,
            id: "r\(partition)-\(offset)", key: key, value: value, fate: fate, source: fate == .passedThrough ? nil : place))
      }
    }
    seen.acknowledged = 20
    seen.samples = [
      CommittedSample(at: 1450, offsets: [0: 5, 1: 4]), CommittedSample(at: 2500, offsets: [0: 10, 1: 10]),
    ]
    seen.committed = [0: 10, 1: 10]
    seen.logEnds = [0: 10, 1: 10]
    return seen
  }()

  private func violations(
    _ seen: Observations, _ guarantee: Guarantee = .atLeastOnce
  ) -> [Verdict.Violation: Int] {
    Judge(guarantee: guarantee).verdict(on: seen).violations.mapValues(\.count)
  }

  /// The index of the outcome of a record.
  private func outcome(_ id: String, in seen: Observations) throws -> Int {
    try #require(seen.outcomes.firstIndex { $0.id == id })
  }

  private func fault(_ kind: FaultKind, at start: WallMilliseconds) -> InjectedFault {
    InjectedFault(
      fault: Fault(number: 1, kind: kind, at: .zero, target: .worker(0), hold: .zero), start: start, end: start + 10)
  }

  /// Appends an outcome once more to its partition.
  private func repeatOutcome(_ id: String, at: WallMilliseconds, in seen: inout Observations) throws {
    var again = seen.outcomes[try outcome(id, in: seen)]
    again.place.offset = 100
    again.appendedAt = at
    seen.outcomes.append(again)
  }

  @Test("what is right passes", arguments: [Guarantee.atLeastOnce, .exactlyOnce])
  func sound(guarantee: Guarantee) {
    let verdict = Judge(guarantee: guarantee).verdict(on: Self.sound)
    #expect(verdict.outcome == .passed, "\(verdict)")
    #expect(verdict.counts.labelled == 16 && verdict.counts.deadLettered == 2 && verdict.counts.passedThrough == 2)
  }

  @Test("one lost")
  func lost() throws {
    var seen = Self.sound
    seen.outcomes.remove(at: try outcome("r0-9", in: seen))
    #expect(violations(seen)[.lost] == 1)
    #expect(violations(seen)[.committedBeyondOutput] == 1, "its offset was committed, too")
  }

  @Test("one duplicate: forbidden by exactly-once, and by at-least-once where no fault explains it")
  func duplicate() throws {
    var seen = Self.sound
    try repeatOutcome("r0-9", at: 2000, in: &seen)
    #expect(violations(seen, .exactlyOnce) == [.duplicated: 1])
    #expect(violations(seen) == [.unexplainedRedelivery: 1])
    seen.faults = [fault(.workerKill, at: 1500)]
    #expect(violations(seen) == [:])
    #expect(Judge(guarantee: .atLeastOnce).verdict(on: seen).counts.redelivered == 1)
    #expect(violations(seen, .exactlyOnce) == [.duplicated: 1], "no fault excuses it")
    seen.faults = [fault(.poison, at: 1500)]
    #expect(violations(seen) == [.unexplainedRedelivery: 1], "poison is no reason to deliver again")
    seen.faults = [fault(.workerKill, at: 2001)]
    #expect(violations(seen) == [.unexplainedRedelivery: 1], "a later fault is no reason")
    seen.faults = [fault(.workerKill, at: 2000 - 30_011)]
    #expect(violations(seen)[.unexplainedRedelivery] == 1, "one long ago is no reason")
  }

  @Test("a record that is labelled and dead-lettered is a duplicate and has a wrong fate")
  func twoFates() throws {
    var seen = Self.sound
    var again = seen.outcomes[try outcome("r0-9", in: seen)]
    again.topic = .deadLetter
    again.fate = .deadLettered(reason: "not-json")
    again.place.offset = 100
    seen.outcomes.append(again)
    #expect(violations(seen, .exactlyOnce) == [.duplicated: 1, .wrongFate: 1])
  }

  @Test("one swap", arguments: [Guarantee.atLeastOnce, .exactlyOnce])
  func swap(guarantee: Guarantee) throws {
    var seen = Self.sound
    let first = try outcome("r0-0", in: seen)
    let second = try outcome("r0-1", in: seen)
    (seen.outcomes[first].place, seen.outcomes[second].place) = (seen.outcomes[second].place, seen.outcomes[first].place)
    #expect(violations(seen, guarantee) == [.outOfOrder: 1])
  }

  @Test("going back to a committed offset is in order; skipping a record and bringing it later is not")
  func redeliveryOrder() throws {
    var seen = Self.sound
    seen.faults = [fault(.workerKill, at: 1000)]
    // 8, 9, and again 8, 9.
    for (id, offset) in [("r0-8", Int64(100)), ("r0-9", 101)] {
      var again = seen.outcomes[try outcome(id, in: seen)]
      again.place.offset = offset
      again.appendedAt = 2000
      seen.outcomes.append(again)
    }
    #expect(violations(seen) == [:])
    // 9, 8, 9: the first time 9 came, 8 was not there.
    seen.outcomes.remove(at: try outcome("r0-8", in: seen))
    #expect(violations(seen)[.outOfOrder] == 1)
  }

  @Test("one offset beyond what has output")
  func committedBeyond() {
    var seen = Self.sound
    seen.samples[0].offsets[0] = 8  // everything below 8 has its outcome at 1700
    #expect(violations(seen) == [.committedBeyondOutput: 1])
    seen.samples[0].at = 1600  // within the tolerance of clocks
    #expect(violations(seen) == [:])
    seen.samples[0].at = 1599
    #expect(violations(seen) == [.committedBeyondOutput: 1])
  }

  @Test("a committed offset that goes back, and one that does not reach the end")
  func committed() {
    var seen = Self.sound
    seen.samples.append(CommittedSample(at: 2600, offsets: [0: 9, 1: 10]))
    #expect(violations(seen) == [.committedBack: 1])
    seen = Self.sound
    seen.committed[1] = 9
    #expect(violations(seen) == [.committedNotAtEnd: 1])
    seen.committed[1] = nil
    #expect(violations(seen) == [.committedNotAtEnd: 1])
    seen.committed[1] = 11
    #expect(violations(seen) == [.committedNotAtEnd: 1])
  }

  @Test("wrong reasons, wrong topics, changed keys, bytes and sources, and what was never fed")
  func altered() throws {
    let poison = try outcome("r0-4", in: Self.sound)
    let review = try outcome("r0-0", in: Self.sound)
    func violations(_ change: (inout Observations) -> Void) -> [Verdict.Violation: Int] {
      var seen = Self.sound
      change(&seen)
      return self.violations(seen)
    }
    #expect(violations { $0.outcomes[poison].fate = .deadLettered(reason: "blank") } == [.wrongFate: 1])
    #expect(violations { $0.outcomes[review].fate = nil } == [.wrongFate: 1])
    #expect(violations { $0.outcomes[poison].topic = .output }[.wrongFate] == 1)
    #expect(violations { $0.outcomes[poison].value = [2] } == [.altered: 1])
    #expect(violations { $0.outcomes[review].key = nil } == [.altered: 1])
    #expect(violations { $0.outcomes[review].source?.offset = 1 } == [.altered: 1])
    #expect(violations { $0.outcomes[review].source = nil } == [.altered: 1])
    #expect(violations { $0.outcomes[review].id = "elsewhere" }[.invented] == 1)
    #expect(violations { $0.outcomes[review].id = nil }[.invented] == 1)
    #expect(violations { $0.outcomes[review].place.partition = 1 }[.keyScattered] != nil)
  }

  @Test("workers that crash, give up without a reason, or do not stop")
  func exits() {
    func violations(_ how: WorkerExit.How, _ faults: [InjectedFault] = []) -> [Verdict.Violation: Int] {
      var seen = Self.sound
      seen.faults = faults
      seen.exits = [WorkerExit(worker: "worker-1", at: 1700, how: how, lastWords: "")]
      return self.violations(seen)
    }
    #expect(violations(.signal(11), [fault(.brokerKill, at: 1500)]) == [.crashed: 1])
    #expect(violations(.didNotStop) == [.didNotStop: 1])
    #expect(violations(.status(4)) == [.gaveUp: 1])
    #expect(violations(.status(4), [fault(.workerKill, at: 1500)]) == [.gaveUp: 1])
    #expect(violations(.status(4), [fault(.brokerKill, at: 1500)]) == [:])
  }

  @Test("a run that proves nothing is not a passed one")
  func doubts() {
    func outcome(_ change: (inout Observations) -> Void) -> Verdict.Outcome {
      var seen = Self.sound
      change(&seen)
      return Judge(guarantee: .exactlyOnce).verdict(on: seen).outcome
    }
    #expect(outcome { $0 = Observations() } == .inconclusive)
    #expect(outcome { $0.acknowledged = 21 } == .inconclusive)
    #expect(outcome { $0.foreignInputs = 1 } == .inconclusive)
    #expect(outcome { $0.inputs.append($0.inputs[0]) } == .inconclusive)
    #expect(outcome { $0.plannedFaults = 1 } == .inconclusive)
    #expect(outcome { $0.troubles = ["the broker did not start"] } == .inconclusive)
    #expect(outcome { $0.faults = [fault(.workerKill, at: 5000)] } == .inconclusive, "nothing was done under the fault")
    #expect(outcome { $0.faults = [fault(.workerKill, at: 1000), fault(.workerKill, at: 1900)] } == .passed)
    #expect(
      outcome {
        $0.troubles = ["the broker did not start"]
        $0.outcomes.removeLast()
      } == .failed)
  }

  @Test("a report names what is wrong")
  func report() {
    var seen = Self.sound
    seen.outcomes.removeLast()
    let verdict = Judge(guarantee: .exactlyOnce).verdict(on: seen)
    let report = Report(seed: 7, guarantee: .exactlyOnce, faults: [], begin: 0, verdict: verdict)
    #expect(report.text.hasPrefix("verdict: FAILED (exactly-once, seed 7)"))
    #expect(report.text.contains("r1-9 (input [1] @ 9)"))
    let json = String(decoding: report.json, as: UTF8.self)
    #expect(json.hasPrefix(#"{"verdict":"failed","guarantee":"exactly-once","seed":7,"#))
    #expect(json.contains(#""lost":{"count":1,"examples":["r1-9 (input [1] @ 9)"]}"#))
  }
}
