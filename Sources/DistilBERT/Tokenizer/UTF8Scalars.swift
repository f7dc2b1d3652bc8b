/// Code points of well-formed UTF-8, without `String` or `Character`.
enum UTF8Scalars {
  /// The code point that starts at `index` and its length in bytes.
  @inline(__always) static func decode(_ text: Span<UInt8>, at index: Int) -> (scalar: UInt32, width: Int) {
    let first = UInt32(text[index])
    if first < 0x80 { return (first, 1) }
    let second = UInt32(text[index + 1] & 0x3F)
    if first < 0xE0 { return ((first & 0x1F) << 6 | second, 2) }
    let third = UInt32(text[index + 2] & 0x3F)
    if first < 0xF0 { return ((first & 0x0F) << 12 | second << 6 | third, 3) }
    return ((first & 0x07) << 18 | second << 12 | third << 6 | UInt32(text[index + 3] & 0x3F), 4)
  }

  /// The code point that ends right before `index`, which is above 0.
  static func decode(_ text: Span<UInt8>, before index: Int) -> UInt32 {
    var start = index - 1
    while start > 0, isContinuation(text[start]) { start -= 1 }
    return decode(text, at: start).scalar
  }

  @inline(__always) static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

  /// The UTF-8 of a code point from U+0080 on: the first `count` of `bytes`.
  @inline(__always) static func encode(_ scalar: UInt32) -> (bytes: InlineArray<4, UInt8>, count: Int) {
    func low(_ value: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: value & 0x3F) | 0x80 }
    func lead(_ value: UInt32, _ mark: UInt8) -> UInt8 { UInt8(truncatingIfNeeded: value) | mark }
    if scalar < 0x80 { return ([UInt8(truncatingIfNeeded: scalar), 0, 0, 0], 1) }
    if scalar < 0x800 { return ([lead(scalar >> 6, 0xC0), low(scalar), 0, 0], 2) }
    if scalar < 0x10000 { return ([lead(scalar >> 12, 0xE0), low(scalar >> 6), low(scalar), 0], 3) }
    return ([lead(scalar >> 18, 0xF0), low(scalar >> 12), low(scalar >> 6), low(scalar)], 4)
  }
}
