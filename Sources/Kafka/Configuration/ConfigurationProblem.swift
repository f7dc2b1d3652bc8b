internal import CRdKafka

/// One property that librdkafka refuses.
public struct ConfigurationProblem: Sendable, Equatable, CustomStringConvertible {
  /// The property as the user wrote it.
  public let property: String
  /// The value as the user wrote it, or `[redacted]` where it is a secret.
  public let value: String
  /// What librdkafka says, without the value of a secret.
  public let reason: String
  /// The known property that an unknown one was probably meant to be.
  public let suggestion: String?

  public var description: String {
    let start = "Kafka property \(property)=\(value): \(reason)"
    return suggestion.map { "\(start); did you mean \($0)?" } ?? "\(start)."
  }

  var error: KafkaError { KafkaError.invalidArgument(description) }

  /// Sets a property in `native`; nil when librdkafka took it.
  init?(setting name: String, to value: String, in native: OpaquePointer?) {
    let isSecret = KafkaConfiguration.isSecret(name)
    func shown(_ text: String) -> String { isSecret && !text.isEmpty ? KafkaConfiguration.redaction : text }

    // C strings end at the first NUL; what follows it would be cut off without a word.
    if name.utf8.contains(0) || value.utf8.contains(0) {
      self.init(property: name, value: shown(value), reason: "names and values cannot contain a NUL character", suggestion: nil)
      return
    }
    var text = [CChar](repeating: 0, count: 512)
    let result = rd_kafka_conf_set(native, name, value, &text, text.count)
    guard result != RD_KAFKA_CONF_OK else { return nil }

    if result == RD_KAFKA_CONF_UNKNOWN {
      self.init(
        property: name, value: shown(value), reason: "librdkafka \(LibraryVersion.string) has no such property",
        suggestion: KnownProperties.shared.nearest(to: name))
      return
    }
    var reason = String(truncating: text)
    if isSecret, !value.isEmpty { reason = reason.replacing(value, with: KafkaConfiguration.redaction) }
    if let allowed = KnownProperties.shared.allowedValues(of: name), !reason.contains("range") {
      reason += " (allowed: \(allowed))"
    }
    self.init(property: name, value: shown(value), reason: reason, suggestion: nil)
  }

  private init(property: String, value: String, reason: String, suggestion: String?) {
    self.property = property
    self.value = value
    self.reason = reason
    self.suggestion = suggestion
  }
}

extension String {
  /// The text in a C buffer up to its NUL.
  init(truncating buffer: [CChar]) {
    self.init(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
