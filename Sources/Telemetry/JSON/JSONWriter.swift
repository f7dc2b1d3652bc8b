/// Appends one JSON text to a growing array of UTF-8 bytes: for stats lines, log lines and results.
///
/// It writes compact JSON (RFC 8259, no whitespace) and places the commas itself. Balance of `begin…` and `end…`, and a
/// `key` before each member's value, are the caller's part; the closure forms (``object(_:)``, ``array(_:)``) keep the balance.
///
///     var json = JSONWriter()
///     json.object {
///       $0.member("label", "Positive")
///       $0.key("probabilities")
///       $0.array { for p in probabilities { $0.value(p) } }
///     }
///     json.bytes
public struct JSONWriter: Sendable {
  /// What has been written so far.
  public private(set) var bytes: [UInt8]
  /// True where the next key or value must be parted by a comma from what stands before it.
  private var needsComma = false

  /// An empty text.
  /// - Parameter capacity: bytes to reserve at once.
  public init(reservingCapacity capacity: Int = 0) {
    bytes = []
    if capacity > 0 { bytes.reserveCapacity(capacity) }
  }

  /// Forgets the text and keeps the memory.
  public mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    needsComma = false
  }

  // MARK: Structure

  public mutating func beginObject() { begin(UInt8(ascii: "{")) }
  public mutating func endObject() { end(UInt8(ascii: "}")) }
  public mutating func beginArray() { begin(UInt8(ascii: "[")) }
  public mutating func endArray() { end(UInt8(ascii: "]")) }

  /// Writes `{`, what `body` writes, `}`.
  public mutating func object<E: Error>(_ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
    beginObject()
    try body(&self)
    endObject()
  }

  /// Writes `[`, what `body` writes, `]`.
  public mutating func array<E: Error>(_ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
    beginArray()
    try body(&self)
    endArray()
  }

  /// Writes a member's name and the colon after it.
  public mutating func key(_ name: String) {
    separate()
    appendQuoted(name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  // MARK: Values

  public mutating func value(_ string: String) {
    separate()
    appendQuoted(string)
    needsComma = true
  }

  /// A string from UTF-8 bytes. Bytes that are not UTF-8 are written as U+FFFD, so that the text stays valid.
  public mutating func value(utf8 string: Span<UInt8>) {
    if (try? UTF8Span(validating: string)) == nil {
      let repaired = string.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
      return value(repaired)
    }
    separate()
    appendQuoted(string)
    needsComma = true
  }

  public mutating func value(_ integer: Int64) {
    separate()
    append(decimal: integer)
    needsComma = true
  }

  /// Any integer. Inlined, because integers are common and unspecialised generic arithmetic is slow.
  @inlinable
  public mutating func value(_ integer: some BinaryInteger) {
    if let integer = Int64(exactly: integer) { value(integer) } else { raw(String(integer)) }
  }

  /// The shortest decimal that reads back as the same number; `null` if it is not finite, as JSON has no other word for it.
  public mutating func value(_ number: Double) {
    raw(number.isFinite ? number.description : "null")
  }

  /// The shortest decimal that reads back as the same `Float`; `null` if it is not finite.
  public mutating func value(_ number: Float) {
    raw(number.isFinite ? number.description : "null")
  }

  public mutating func value(_ bool: Bool) { raw(bool ? "true" : "false") }

  public mutating func null() { raw("null") }

  /// Writes JSON that is ready-made, as one value.
  public mutating func raw(_ json: String) {
    separate()
    bytes.append(contentsOf: json.utf8)
    needsComma = true
  }

  /// Writes JSON that is ready-made, as one value.
  public mutating func raw(_ json: [UInt8]) {
    separate()
    bytes.append(contentsOf: json)
    needsComma = true
  }

  // MARK: Members

  public mutating func member(_ name: String, _ string: String) {
    key(name)
    value(string)
  }

  @inlinable
  public mutating func member(_ name: String, _ integer: some BinaryInteger) {
    key(name)
    value(integer)
  }

  public mutating func member(_ name: String, _ number: Double) {
    key(name)
    value(number)
  }

  public mutating func member(_ name: String, _ number: Float) {
    key(name)
    value(number)
  }

  public mutating func member(_ name: String, _ bool: Bool) {
    key(name)
    value(bool)
  }

  // MARK: Bytes

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
  }

  private mutating func begin(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
    needsComma = false
  }

  private mutating func end(_ bracket: UInt8) {
    bytes.append(bracket)
    needsComma = true
  }

  private mutating func appendQuoted(_ string: String) {
    // A bridged or lazily made string has no contiguous storage; a native one is read in place.
    let native: Void? = string.utf8.withContiguousStorageIfAvailable { appendQuoted($0.span) }
    if native == nil { appendQuoted(Array(string.utf8).span) }
  }

  private mutating func appendQuoted(_ utf8: Span<UInt8>) {
    bytes.append(UInt8(ascii: "\""))
    utf8.withUnsafeBufferPointer { source in
      var runStart = 0
      for index in source.indices where JSONEscapes.needsEscape(source[index]) {
        bytes.append(contentsOf: source[runStart..<index])
        JSONEscapes.append(source[index], to: &bytes)
        runStart = index + 1
      }
      bytes.append(contentsOf: source[runStart...])
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func append(decimal number: Int64) {
    if number < 0 { bytes.append(UInt8(ascii: "-")) }
    var rest = number.magnitude
    let start = bytes.count
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest != 0
    bytes[start...].reverse()
  }
}

/// The escapes that RFC 8259 asks for inside a string, and DEL, which terminals act on.
enum JSONEscapes {
  static func needsEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7F
  }

  static func append(_ byte: UInt8, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\\"))
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
    case 0x08: bytes.append(UInt8(ascii: "b"))
    case 0x09: bytes.append(UInt8(ascii: "t"))
    case 0x0A: bytes.append(UInt8(ascii: "n"))
    case 0x0C: bytes.append(UInt8(ascii: "f"))
    case 0x0D: bytes.append(UInt8(ascii: "r"))
    default:
      bytes.append(contentsOf: [UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0")])
      bytes.append(hexDigit(byte >> 4))
      bytes.append(hexDigit(byte & 0xF))
    }
  }

  private static func hexDigit(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
  }
}
