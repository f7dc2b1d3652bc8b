import Glibc

/// What a fetch takes from outside; tests give their own.
public struct FetchEnvironment: Sendable {
  /// The process's environment: proxies and certificates.
  public var variables: [String: String]
  public var patience = TransferPatience()
  /// Waits; by default blocks the calling thread.
  public var pause: @Sendable (Duration) -> Void

  public init(
    variables: [String: String], pause: @escaping @Sendable (Duration) -> Void = FetchEnvironment.blockingPause
  ) {
    self.variables = variables
    self.pause = pause
  }

  public static let blockingPause: @Sendable (Duration) -> Void = { duration in
    let (seconds, attoseconds) = duration.components
    guard seconds >= 0, attoseconds >= 0 else { return }
    var wait = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    var rest = timespec()
    // A signal that ends nothing does not end the wait either.
    while nanosleep(&wait, &rest) != 0, errno == EINTR { wait = rest }
  }
}
