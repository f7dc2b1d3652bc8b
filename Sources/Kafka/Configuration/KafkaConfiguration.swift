internal import CRdKafka

/// librdkafka properties by name, as in its CONFIGURATION.md: `bootstrap.servers`, `linger.ms`, `sasl.username` …
///
/// One value serves every client: a `Consumer` leaves out the properties that only producers have, and the other way round.
/// Nothing is checked until `problems()` or `validate()` is called or a client is made, which validates first.
public struct KafkaConfiguration: Sendable, Equatable {
  /// Every property that was set, secrets included: print `redacted`, never this.
  public var properties: [String: String]

  public init(_ properties: [String: String] = [:]) { self.properties = properties }

  /// The value of a property, nil where librdkafka's default holds.
  public subscript(_ name: String) -> String? {
    get { properties[name] }
    set { properties[name] = newValue }
  }

  /// This configuration with `others` on top.
  public func merging(_ others: [String: String]) -> KafkaConfiguration {
    KafkaConfiguration(properties.merging(others) { _, new in new })
  }

  /// This configuration with those of `defaults` whose property is not set, under whatever alias.
  func withDefaults(_ defaults: [String: String]) -> KafkaConfiguration {
    let given = Set(properties.keys.map { KnownProperties.shared.canonicalName(of: $0) })
    return merging(defaults.filter { !given.contains(KnownProperties.shared.canonicalName(of: $0.key)) })
  }

  /// Everything that librdkafka would refuse, in order of the property names; empty when all is well.
  ///
  /// Constraints between properties are checked by librdkafka only when a client is made.
  public func problems() -> [ConfigurationProblem] {
    let scratch = rd_kafka_conf_new()
    defer { rd_kafka_conf_destroy(scratch) }
    return properties.sorted { $0.key < $1.key }.compactMap { name, value in
      ConfigurationProblem(setting: name, to: value, in: scratch)
    }
  }

  /// Throws the first of `problems()` as an error with code `_INVALID_ARG`.
  public func validate() throws(KafkaError) {
    if let problem = problems().first { throw problem.error }
  }

  /// Whether the loaded librdkafka has a property of this name.
  public static func isKnown(_ name: String) -> Bool { KnownProperties.shared.contains(name) }

  /// The names of all properties that the loaded librdkafka has, sorted.
  public static var knownProperties: [String] { KnownProperties.shared.names }

  // MARK: Secrets

  /// Properties whose values are secrets. `isSecret` knows more than these.
  public static let secretProperties: Set<String> = [
    "sasl.password", "ssl.key.password", "ssl.key.pem", "ssl.keystore.password", "ssl.truststore.password",
    "sasl.oauthbearer.config", "sasl.oauthbearer.client.secret", "sasl.oauthbearer.assertion.private.key.pem",
    "sasl.oauthbearer.assertion.private.key.passphrase", "sasl.jaas.config",
  ]

  /// Whether the value of this property must never be printed. A misspelt name counts as the one it is nearest to, and
  /// properties of newer libraries count by their words (`password`, `secret` …).
  public static func isSecret(_ name: String) -> Bool {
    let lowercased = name.lowercased()
    if secretProperties.contains(lowercased) { return true }
    if ["password", "passphrase", "secret", "private", "jaas", "key.pem"].contains(where: lowercased.contains) { return true }
    guard !KnownProperties.shared.contains(name), let nearest = KnownProperties.shared.nearest(to: name) else { return false }
    return secretProperties.contains(nearest)
  }

  static let redaction = "[redacted]"

  /// What may be logged: `properties` with the values of secrets replaced by `[redacted]`.
  public var redacted: [String: String] {
    Dictionary(
      uniqueKeysWithValues: properties.map { name, value in (name, Self.isSecret(name) ? Self.redaction : value) })
  }

  // MARK: To librdkafka

  /// A new configuration object for librdkafka with the properties that concern `role`; the caller owns it.
  func makeNative(for role: ClientRole) throws(KafkaError) -> OpaquePointer {
    try validate()
    guard let native = rd_kafka_conf_new() else {
      throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, "librdkafka could not allocate a configuration.")
    }
    for (name, value) in properties where KnownProperties.shared.concerns(role, name) {
      if let problem = ConfigurationProblem(setting: name, to: value, in: native) {
        rd_kafka_conf_destroy(native)
        throw problem.error
      }
    }
    return native
  }
}

/// Which kind of client a configuration is for.
enum ClientRole {
  case consumer
  case producer
}
