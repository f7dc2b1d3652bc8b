/// Why the worker ends before it is told to, with the exit status that says so.
public struct WorkerError: Error, Sendable, CustomStringConvertible {
  public enum Kind: Int32, Sendable, CaseIterable {
    /// A setting, flag or file of settings is wrong.
    case usage = 2
    /// The model cannot be loaded or run.
    case model = 3
    /// The brokers cannot be reached, or the client met an error that it cannot go on with.
    case kafka = 4
    /// A result or dead letter can never be delivered.
    case delivery = 5
    /// The time to finish what is in flight ran out; what was not finished is read again by the next owner.
    case drainDeadline = 6
    /// A message that cannot be labelled, of a kind whose policy is `fail`.
    case unusable = 7
    /// Another worker has taken over this one's transactional id or `group.instance.id`.
    case fenced = 8
    /// A topic does not exist, or no longer.
    case topicMissing = 9
    /// The brokers refuse the login, or the user lacks a right to a topic, the group or the cluster.
    case refused = 10
    /// The model hub cannot be reached, or what it sends is not what it promised.
    case hub = 11
  }

  public var kind: Kind
  /// What happened, where, and what to do about it.
  public var description: String

  public init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}

extension WorkerError {
  static func unusable(_ unusable: Unusable, in source: MessageSource) -> WorkerError {
    let kind = unusable.reason.kind.rawValue
    return WorkerError(
      .unusable,
      "topic \(source.topic), partition \(source.partition), offset \(source.offset) cannot be labelled: "
        + "\(unusable.reason.rawValue), \(unusable.detail). It is not committed, and unusable.\(kind) is fail: repair what writes "
        + "such messages and move the group past this one (kafka-consumer-groups.sh --reset-offsets), or set "
        + "unusable.\(kind) to dead-letter, skip or pass-through")
  }
}
