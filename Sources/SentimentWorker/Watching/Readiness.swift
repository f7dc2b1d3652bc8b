/// Whether a worker can do its work, from what happened to it. Events and the time go in; nothing here waits or reads a clock.
///
/// It is ready once the model is loaded, the group joined and the brokers reached, and no longer when it ends or the brokers
/// are away for longer than a bound. Records come of use only on an assigned partition, but a member without one is ready too:
/// it is a spare, and takes over when another goes.
struct Readiness {
  enum Event: Equatable {
    case modelLoaded
    /// The group gave these many partitions in all; 0 for a spare.
    case joined(partitions: Int)
    /// The group took the worker's place: it joins again.
    case left
    /// The brokers were asked, and answered or not.
    case brokers(reached: Bool)
    case ending
  }

  struct Verdict: Equatable, Sendable {
    /// Why it is not ready, for people; empty if it is.
    var reasons: [String]
    /// A member of the group without a partition.
    var isSpare: Bool
    var isReady: Bool { reasons.isEmpty }
  }

  private let patience: Nanoseconds
  private var isModelLoaded = false
  /// Nil outside the group.
  private var partitions: Int?
  private var hasReachedBrokers = false
  /// When the brokers first did not answer since they last did.
  private var silentSince: Nanoseconds?
  private var isEnding = false

  /// - Parameter patience: how long brokers may be away.
  init(patience: Duration) { self.patience = patience.nanoseconds }

  mutating func note(_ event: Event, at now: Nanoseconds) {
    switch event {
    case .modelLoaded: isModelLoaded = true
    case .joined(let partitions): self.partitions = partitions
    case .left: partitions = nil
    case .brokers(reached: true):
      hasReachedBrokers = true
      silentSince = nil
    case .brokers(reached: false): silentSince = silentSince ?? now
    case .ending: isEnding = true
    }
  }

  func verdict(at now: Nanoseconds) -> Verdict {
    var reasons: [String] = []
    if isEnding { reasons.append("stopping") }
    if !isModelLoaded { reasons.append("model loading") }
    if isModelLoaded, !hasReachedBrokers { reasons.append("brokers not reached yet") }
    if let silentSince, hasReachedBrokers, now >= silentSince &+ patience {
      let seconds = Int(Duration(nanoseconds: now &- silentSince).inSeconds)
      reasons.append("brokers unreachable for \(seconds) s")
    }
    if isModelLoaded, partitions == nil { reasons.append("consumer group not joined") }
    return Verdict(reasons: reasons, isSpare: partitions == 0)
  }
}
