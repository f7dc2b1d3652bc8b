import TestSupport

/// The faults that a seed gives: the same seed and shape give the same faults, whatever happens in a run.
struct Schedule: Sendable, Equatable {
  /// What a schedule is made for.
  struct Shape: Sendable, Equatable {
    /// How many faults.
    var count: Int
    /// The kinds to choose from; none gives no faults.
    var kinds: [FaultKind]
    /// Workers that run all the time.
    var workers: Int
    /// The mean time from one fault to the next. Faults last, so that they overlap.
    var interval: Duration
    /// After what a silent member is replaced.
    var sessionTimeout: Duration
  }

  /// In the order of their times.
  let faults: [Fault]

  init(seed: UInt64, shape: Shape) {
    var random = SeededRandom(seed: seed)
    var at = Duration.zero
    var kinds: [FaultKind] = []
    var faults: [Fault] = []
    guard !shape.kinds.isEmpty else {
      self.faults = []
      return
    }
    for number in 1...max(1, shape.count) where number <= shape.count {
      // Kinds are dealt like cards, so that a short schedule has as many of them as it can.
      if kinds.isEmpty {
        kinds = shape.kinds.flatMap { Array(repeating: $0, count: $0.weight) }.shuffled(using: &random)
      }
      let kind = kinds.removeLast()
      at += shape.interval * Double.random(in: 0.4...1.6, using: &random)
      faults.append(Self.fault(number, kind, at: at, shape, &random))
    }
    self.faults = faults
  }

  private static func fault(
    _ number: Int, _ kind: FaultKind, at: Duration, _ shape: Shape, _ random: inout SeededRandom
  ) -> Fault {
    func milliseconds(_ range: ClosedRange<Int>) -> Duration { .milliseconds(Int.random(in: range, using: &random)) }
    let worker = FaultKind.Target.worker(Int.random(in: 0..<max(1, shape.workers), using: &random))
    switch kind {
    case .workerKill, .workerRestart:
      return Fault(number: number, kind: kind, at: at, target: worker, hold: milliseconds(0...1500))
    case .workerFreeze:
      return Fault(number: number, kind: kind, at: at, target: worker, hold: shape.sessionTimeout + milliseconds(1000...4000))
    case .memberStorm:
      return Fault(
        number: number, kind: kind, at: at, target: .group, hold: milliseconds(300...2000),
        count: Int.random(in: 2...4, using: &random))
    case .brokerRestart, .brokerKill:
      return Fault(number: number, kind: kind, at: at, target: .broker, hold: milliseconds(200...4000))
    case .connectionCut:
      return Fault(number: number, kind: kind, at: at, target: .proxy, hold: milliseconds(0...3000))
    case .connectionSlow:
      return Fault(
        number: number, kind: kind, at: at, target: .proxy, hold: milliseconds(3000...7000), delay: milliseconds(50...1500))
    case .poison:
      return Fault(number: number, kind: kind, at: at, target: .feed, hold: .zero)
    case .modelError:
      return Fault(number: number, kind: kind, at: at, target: .feed, hold: .zero, count: Int.random(in: 1...8, using: &random))
    }
  }
}
