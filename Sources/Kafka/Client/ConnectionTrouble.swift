/// The root cause behind "no broker answers": librdkafka reports many errors while it tries, the last of which is seldom
/// the one to show.
struct ConnectionTrouble: Sendable {
  /// The most telling of the errors noted so far; nil when there was none.
  private(set) var rootCause: KafkaError?

  mutating func note(_ error: KafkaError) {
    guard error.isConnectionError else { return }
    if let known = rootCause, Self.rank(error) < Self.rank(known) { return }
    rootCause = error
  }

  /// A refused login or certificate tells more than the lost connection that follows it, and that more than
  /// "all brokers are down".
  private static func rank(_ error: KafkaError) -> Int {
    switch error.name {
    case "_ALL_BROKERS_DOWN": 0
    case "_AUTHENTICATION", "SASL_AUTHENTICATION_FAILED", "_SSL": 2
    default: 1
    }
  }

  /// Waiting longer would not help: a person has to change something.
  var isHopeless: Bool {
    guard let rootCause else { return false }
    return rootCause.isRefusedLogin || (rootCause.name == "_SSL" && rootCause.message.contains("certificate"))
  }
}
