/// What the observations of a run say of the guarantee.
struct Verdict: Sendable, Equatable {
  enum Outcome: String, Sendable { case passed, failed, inconclusive }

  /// Something that the guarantee forbids.
  enum Violation: String, Sendable, CaseIterable {
    /// A record that was fed has no outcome.
    case lost
    /// A record has more than one outcome, though the guarantee is exactly-once.
    case duplicated
    /// A record has more than one outcome, and no fault was near that could be the reason.
    case unexplainedRedelivery = "unexplained-redelivery"
    /// A record's first outcome comes after that of a later record of its input partition.
    case outOfOrder = "out-of-order"
    /// One key's results are in more than one partition.
    case keyScattered = "key-scattered"
    /// The outcome is of another kind, has another reason, or is in the wrong topic.
    case wrongFate = "wrong-fate"
    /// Key, bytes or the source that is named are not those of the record.
    case altered
    /// An outcome of what was never fed.
    case invented
    /// An offset was committed before everything below it had an outcome that readers see.
    case committedBeyondOutput = "committed-beyond-output"
    /// A committed offset went back.
    case committedBack = "committed-back"
    /// In the end the committed offset is not the end of the partition.
    case committedNotAtEnd = "committed-not-at-end"
    /// A signal ended a worker, such as a crash.
    case crashed
    /// A worker gave up, and nothing was wrong with the broker or the connections.
    case gaveUp = "gave-up"
    /// A worker did not end in time after SIGTERM.
    case didNotStop = "did-not-stop"
  }

  /// How often, and some of them in words.
  struct Finding: Sendable, Equatable {
    static let exampleLimit = 10

    var count = 0
    var examples: [String] = []

    mutating func add(_ example: @autoclosure () -> String) {
      count += 1
      if examples.count < Self.exampleLimit { examples.append(example()) }
    }
  }

  struct Counts: Sendable, Equatable {
    var fed = 0
    var labelled = 0
    var passedThrough = 0
    var deadLettered = 0
    /// Outcomes beyond the first of each record.
    var redelivered = 0
    var samples = 0
    /// Workers that gave up while the broker or the connections were disturbed, and were started again.
    var excusedExits = 0
    /// First outcomes that came between the first fault's start and the last one's end.
    var duringFaults = 0
    var faults: [FaultKind: Int] = [:]
  }

  var counts = Counts()
  var violations: [Violation: Finding] = [:]
  /// Why the run proves nothing even if nothing is violated.
  var doubts: [String] = []

  var outcome: Outcome {
    if !violations.isEmpty { return .failed }
    return doubts.isEmpty ? .passed : .inconclusive
  }

  mutating func add(_ violation: Violation, _ example: @autoclosure () -> String) {
    violations[violation, default: Finding()].add(example())
  }
}
