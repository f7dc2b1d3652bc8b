internal import CRdKafka

/// The version of librdkafka that is loaded, and what is known to be wrong with it.
public enum LibraryVersion {
  /// A version as three ordered numbers.
  public struct Number: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let major: Int
    public let minor: Int
    public let patch: Int

    public init(_ major: Int, _ minor: Int, _ patch: Int) {
      self.major = major
      self.minor = minor
      self.patch = patch
    }

    public static func < (a: Number, b: Number) -> Bool {
      (a.major, a.minor, a.patch) < (b.major, b.minor, b.patch)
    }
    public var description: String { "\(major).\(minor).\(patch)" }
  }

  /// As librdkafka writes it, for example `2.0.2`.
  public static var string: String { String(cString: rd_kafka_version_str()) }

  /// The version loaded at run time, which may be newer than the headers this was compiled with.
  public static var number: Number { decode(rd_kafka_version()) }

  /// librdkafka packs a version as 0xMMmmrrxx; xx is a pre-release number.
  static func decode(_ packed: Int32) -> Number {
    Number(Int(packed >> 24) & 0xff, Int(packed >> 16) & 0xff, Int(packed >> 8) & 0xff)
  }

  /// Below it SCRAM sends the client nonce twice, which brokers from 3.8.1 on refuse (confluentinc/librdkafka#4895).
  static let scramNonceFixed = Number(2, 6, 1)
  /// Below it cooperative rebalancing can lose records.
  static let cooperativeSafe = Number(2, 10, 0)
  /// Below it batch consumption could lose records; this module consumes record by record.
  static let oldestSupported = Number(2, 0, 2)

  /// Cooperative rebalancing loses no records with this version. Where it is false, use an eager strategy (`range,roundrobin`).
  public static var isCooperativeRebalancingSafe: Bool { number >= cooperativeSafe }

  /// Every known bug of the loaded version that could concern a user of this module, a sentence each.
  public static var knownIssues: [String] { issues(of: number) }

  /// Those of `knownIssues` that this configuration meets; empty when there is nothing to warn of.
  public static func warnings(for configuration: KafkaConfiguration) -> [String] {
    warnings(for: configuration, version: number)
  }

  static func issues(of version: Number) -> [String] {
    [tooOld(version), scram(version), cooperative(version)].compactMap { $0 }
  }

  static func warnings(for configuration: KafkaConfiguration, version: Number) -> [String] {
    let mechanism = configuration["sasl.mechanism"] ?? configuration["sasl.mechanisms"] ?? ""
    let strategy = configuration["partition.assignment.strategy"] ?? ""
    return [
      tooOld(version), mechanism.uppercased().hasPrefix("SCRAM") ? scram(version) : nil,
      strategy.contains("cooperative") ? cooperative(version) : nil,
    ].compactMap { $0 }
  }

  private static func tooOld(_ version: Number) -> String? {
    guard version < oldestSupported else { return nil }
    return "librdkafka \(version) is older than \(oldestSupported), the oldest that is tested: use a newer one."
  }
  private static func scram(_ version: Number) -> String? {
    guard version < scramNonceFixed else { return nil }
    return "librdkafka \(version) cannot log in with SCRAM to Kafka 3.8.1 or later: correct passwords are refused as invalid "
      + "credentials. Use librdkafka \(scramNonceFixed) or later, or sasl.mechanism=PLAIN over TLS."
  }
  private static func cooperative(_ version: Number) -> String? {
    guard version < cooperativeSafe else { return nil }
    return
      "librdkafka \(version) can lose records in cooperative rebalancing (partition.assignment.strategy=cooperative-sticky). "
      + "Use librdkafka \(cooperativeSafe) or later, or an eager strategy such as range,roundrobin."
  }
}
