/// A header of a record. Names may repeat, and a value may be null.
public struct Header: Hashable, Sendable {
  /// Kafka's header names are UTF-8 without NUL; other bytes are shown repaired (`forward` passes them on unchanged).
  public var name: String
  public var value: [UInt8]?

  public init(_ name: String, _ value: [UInt8]?) {
    self.name = name
    self.value = value
  }

  public init(_ name: String, _ value: String) {
    self.init(name, Array(value.utf8))
  }

  /// The value as text, nil where it is null or not UTF-8.
  public var text: String? { value.flatMap { String(validating: $0, as: UTF8.self) } }
}
