import Testing

@testable import FaultHarness

struct PlanTests {
  static let shape = Schedule.Shape(
    count: 180, kinds: FaultKind.allCases, workers: 3, interval: .seconds(3), sessionTimeout: .seconds(6))

  @Test("a seed gives the same faults again, another seed others")
  func seeds() {
    #expect(Schedule(seed: 7, shape: Self.shape) == Schedule(seed: 7, shape: Self.shape))
    #expect(Schedule(seed: 7, shape: Self.shape) != Schedule(seed: 8, shape: Self.shape))
  }

  @Test("a schedule has all kinds in their shares, in the order of time", arguments: [1, 2, 3] as [UInt64])
  func kinds(seed: UInt64) {
    let faults = Schedule(seed: seed, shape: Self.shape).faults
    #expect(faults.count == 180)
    #expect(faults.map(\.number) == Array(1...180))
    #expect(faults.map(\.at) == faults.map(\.at).sorted())
    for kind in FaultKind.allCases { #expect(faults.count { $0.kind == kind } == 10 * kind.weight, "\(kind)") }
    let mean = (faults.last?.at ?? .zero) / 180
    #expect(mean > .seconds(2) && mean < .seconds(4), "\(mean)")
  }

  @Test("frozen workers stay so for longer than the session timeout; workers are those that there are")
  func bounds() {
    for seed in UInt64(0)..<20 {
      for fault in Schedule(seed: seed, shape: Self.shape).faults {
        if fault.kind == .workerFreeze { #expect(fault.hold > Self.shape.sessionTimeout) }
        if case .worker(let index) = fault.target { #expect((0..<3).contains(index)) }
      }
    }
  }

  @Test("no kinds or no faults give an empty schedule")
  func empty() {
    var shape = Self.shape
    shape.kinds = []
    #expect(Schedule(seed: 1, shape: shape).faults.isEmpty)
    shape = Self.shape
    shape.count = 0
    #expect(Schedule(seed: 1, shape: shape).faults.isEmpty)
  }

  @Test("records are the same for a seed, with identifiers of their own and keys of many")
  func feed() {
    let feed = Feed(seed: 3, keys: 8)
    let reviews = (0..<500).map(feed.review)
    #expect(reviews == (0..<500).map(Feed(seed: 3, keys: 8).review))
    let extra = (1...5).flatMap { feed.poison(fault: $0) + feed.modelErrors(fault: $0, count: 3) }
    #expect(Set((reviews + extra).map(\.id)).count == reviews.count + extra.count)
    #expect(Set(reviews.map(\.key)).count == 8)
    #expect(reviews.allSatisfy { $0.fate == .labelled })
    #expect(extra.count { $0.fate == .deadLettered(reason: "model-error") } == 15)
  }

  @Test("a fate reads back from its header", arguments: [Fate.labelled, .passedThrough, .deadLettered(reason: "not-json")])
  func fates(fate: Fate) {
    #expect(Fate("\(fate)") == fate)
    #expect(Fate("something else") == nil)
  }
}

struct HarnessCommandTests {
  @Test("the table of settings and the commands are sound")
  func table() {
    #expect(HarnessProgram.specification.problems() == [])
  }

  @Test("mistakes are told before anything is started")
  func mistakes() {
    func problem(_ arguments: String...) -> String {
      do {
        _ = try HarnessProgram.specification.parse(arguments: arguments, environment: [:], width: 100)
        return ""
      } catch {
        return "\(error)"
      }
    }
    #expect(problem("run", "--brokers", "a:1") == "")
    #expect(problem("run").contains("broker.brokers is required"))
    #expect(problem("run", "--brokers", "a:1", "--kinds", "broker-kill").contains("cannot be injected"))
    #expect(problem("run", "--brokers", "a:1", "--kinds", "broker-kil").contains("broker-kill"))
    #expect(problem("run", "--brokers", "a:1", "--broker-kill-command", "x").contains("broker.start-command"))
    #expect(problem("run", "--brokers", "a:1", "--proxy-listen", "1").contains("go together"))
  }
}
