/// What can be done to a running fleet of workers.
enum FaultKind: String, Sendable, CaseIterable {
  /// kill -9 of a worker, which is started again a little later.
  case workerKill = "worker-kill"
  /// SIGTERM to a worker, which is started again when it has ended.
  case workerRestart = "worker-restart"
  /// SIGSTOP to a worker for longer than the session timeout, then SIGCONT: a member that does not know that it was replaced.
  case workerFreeze = "worker-freeze"
  /// More members join and leave, some of them by kill -9, within moments.
  case memberStorm = "member-storm"
  /// The broker is stopped in order and started again.
  case brokerRestart = "broker-restart"
  /// kill -9 of the broker, which is started again a little later.
  case brokerKill = "broker-kill"
  /// All connections between workers and broker end, and new ones are refused for a while.
  case connectionCut = "connection-cut"
  /// Every exchange between workers and broker takes long for a while.
  case connectionSlow = "connection-slow"
  /// Records that cannot be labelled, one of each kind.
  case poison
  /// Records that the model fails on.
  case modelError = "model-error"

  /// What the fault acts on: two faults on one of these never happen at once.
  enum Target: Sendable, Hashable {
    case worker(Int)
    case group, broker, proxy, feed
  }

  /// Re-delivery is to be expected of it.
  var disturbs: Bool { self != .poison && self != .modelError }

  /// How often it is dealt in a round of all kinds. A broker takes long to come back, and meanwhile nothing else is tested.
  var weight: Int { self == .brokerRestart || self == .brokerKill ? 1 : 2 }

  /// How long the target is left alone afterwards. Workers that never reach a broker between two of its faults do nothing wrong,
  /// and prove nothing.
  var rest: Duration {
    switch self {
    case .brokerRestart, .brokerKill: .seconds(12)
    case .connectionCut, .connectionSlow: .seconds(3)
    default: .zero
    }
  }

  /// The workers' requests to the broker may fail, so that a worker may give up.
  var hinders: Bool {
    switch self {
    case .brokerRestart, .brokerKill, .connectionCut, .connectionSlow: true
    default: false
    }
  }
}

/// One fault of a schedule.
struct Fault: Sendable, Equatable, CustomStringConvertible {
  /// From 1, in the order of the schedule.
  var number: Int
  var kind: FaultKind
  /// Since the first record was labelled.
  var at: Duration
  var target: FaultKind.Target
  /// How long it lasts: the time down, frozen, slow or refused, or a member's life.
  var hold: Duration
  /// Members of a storm, or records that the model fails on; 0 otherwise.
  var count = 0
  /// What every exchange takes longer; zero otherwise.
  var delay = Duration.zero

  var description: String {
    var text = kind.rawValue
    if case .worker(let index) = target { text += " worker \(index + 1)" }
    if count > 0 { text += " count \(count)" }
    if hold > .zero { text += " for \(hold.inMilliseconds) ms" }
    if delay > .zero { text += " delay \(delay.inMilliseconds) ms" }
    return text
  }
}

extension Duration {
  /// Whole milliseconds.
  var inMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    return overflow ? .max : product &+ attoseconds / 1_000_000_000_000_000
  }
}
