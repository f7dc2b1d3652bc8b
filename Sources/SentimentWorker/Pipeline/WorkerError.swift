/// Why the worker ends before it is told to, with the exit status that says so.
public struct WorkerError: Error, Sendable, CustomStringConvertible {
  public enum Kind: Int32, Sendable, CaseIterable {
    /// A setting, flag or file of settings is wrong.
    case usage = 2
    /// The model cannot be loaded or run.
    case model = 3
    /// The brokers cannot be reached, refuse the login, or lack a topic or a right.
    case kafka = 4
    /// A result or dead letter can never be delivered.
    case delivery = 5
    /// The time to finish what is in flight ran out; what was not finished is read again by the next owner.
    case drainDeadline = 6
    /// Another producer has taken over this worker's transactional id.
    case fenced = 7
  }

  public var kind: Kind
  /// What happened, where, and what to do about it.
  public var description: String

  public init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}
