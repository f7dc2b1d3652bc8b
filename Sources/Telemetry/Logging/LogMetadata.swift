/// Keys and values that go with a log message, in the order in which they were given.
public struct LogMetadata: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  /// A value that JSON can say; everything else is written as a string by its author.
  public enum Value: Sendable, Equatable {
    case string(String)
    case integer(Int64)
    case number(Double)
    case bool(Bool)
  }

  public struct Entry: Sendable, Equatable {
    public let key: String
    public var value: Value
  }

  public private(set) var entries: [Entry] = []

  public init() {}

  public init(dictionaryLiteral elements: (String, Value)...) {
    for (key, value) in elements { self[key] = value }
  }

  public var isEmpty: Bool { entries.isEmpty }

  public subscript(key: String) -> Value? {
    get { entries.first { $0.key == key }?.value }
    set {
      let index = entries.firstIndex { $0.key == key }
      switch (index, newValue) {
      case (let index?, let value?): entries[index].value = value
      case (let index?, nil): entries.remove(at: index)
      case (nil, let value?): entries.append(Entry(key: key, value: value))
      case (nil, nil): break
      }
    }
  }

  /// These entries and then `other`'s; where both have a key, `other`'s value stands in the first one's place.
  public func merging(_ other: LogMetadata) -> LogMetadata {
    var merged = self
    for entry in other.entries { merged[entry.key] = entry.value }
    return merged
  }
}

extension LogMetadata.Value: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }

  /// Any integer; one beyond `Int64` is written as a string.
  public static func integer(_ value: some BinaryInteger) -> Self {
    if let value = Int64(exactly: value) { return .integer(value) }
    return .string(String(value))
  }
}
