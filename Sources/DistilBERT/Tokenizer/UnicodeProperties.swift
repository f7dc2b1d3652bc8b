/// What the reference tokeniser does with each code point, unpacked from `UnicodeTables` for constant-time look-up.
///
/// Built once per process (about a millisecond, 70 KB) and never changed afterwards.
final class UnicodeProperties: Sendable {
  /// The bits that `scripts/unicode-tables.py` writes.
  struct Flags: OptionSet, Sendable {
    let rawValue: UInt16

    /// Text cleaning removes it: control characters, unassigned and private code points, U+FFFD.
    static let removed = Flags(rawValue: 1 << 0)
    /// Text cleaning makes it a space.
    static let space = Flags(rawValue: 1 << 1)
    /// A CJK ideograph: it becomes a word of its own.
    static let chinese = Flags(rawValue: 1 << 2)
    /// It separates words.
    static let whitespace = Flags(rawValue: 1 << 3)
    /// It is a word of its own.
    static let punctuation = Flags(rawValue: 1 << 4)
    /// Nothing is left of it when accents are stripped.
    static let stripped = Flags(rawValue: 1 << 5)
    /// Something else is left of it when accents are stripped.
    static let decomposes = Flags(rawValue: 1 << 6)
    /// It has a lower case.
    static let lowercases = Flags(rawValue: 1 << 7)
    /// `\w` of regular expressions, which decides about added tokens that must be single words.
    static let word = Flags(rawValue: 1 << 8)

    /// Place in canonical ordering. 0: a starter, which nothing is reordered across; 1: reordered, but never left after
    /// stripping; 2…7: the rank among those that are left.
    @inline(__always) var order: UInt16 { rawValue >> 9 }
  }

  static let shared = UnicodeProperties()
  static let orders: ClosedRange<UInt16> = 2...7

  // Two-stage table: `blocks[code point / 128]` is where the 128 flags of its block start in `flags`.
  private let blocks: [UInt16]
  private let flags: [UInt16]
  private let decomposing: [UInt32]
  private let decompositionEnds: [UInt16]
  private let decompositions: [UInt32]
  private let lowercaseRuns: [LowercaseRun]

  private struct LowercaseRun {
    var first: UInt32
    var last: UInt32
    var stride: UInt32
    var difference: Int32
  }

  private init() {
    (blocks, flags) = Self.unpackFlags()
    (decomposing, decompositionEnds, decompositions) = Self.unpackDecompositions()
    lowercaseRuns = Self.unpackLowercase()
  }

  @inline(__always) func flags(of scalar: UInt32) -> Flags {
    Flags(rawValue: flags[Int(blocks[Int(scalar >> 7)]) + Int(scalar & 127)])
  }

  /// Calls `body` with each code point left of `scalar`, whose flags contain `decomposes`, when accents are stripped.
  func forEachDecomposed(of scalar: UInt32, _ body: (UInt32) -> Void) {
    if scalar >= 0xAC00, scalar < 0xAC00 + 11172 {
      // Hangul syllables: the Unicode Standard, section 3.12.
      let index = scalar - 0xAC00
      body(0x1100 + index / 588)
      body(0x1161 + index % 588 / 28)
      if index % 28 != 0 { body(0x11A7 + index % 28) }
      return
    }
    var low = 0
    var high = decomposing.count
    while low < high {
      let middle = (low + high) / 2
      if decomposing[middle] < scalar { low = middle + 1 } else { high = middle }
    }
    guard low < decomposing.count, decomposing[low] == scalar else { return body(scalar) }
    let start = low == 0 ? 0 : Int(decompositionEnds[low - 1])
    for index in start..<Int(decompositionEnds[low]) { body(decompositions[index]) }
  }

  /// The single code point that is the lower case of `scalar`, whose flags contain `lowercases`. U+0130 is the caller's: it
  /// alone has two.
  func lowercase(of scalar: UInt32) -> UInt32 {
    var low = 0
    var high = lowercaseRuns.count
    while low < high {
      let middle = (low + high) / 2
      if lowercaseRuns[middle].last < scalar { low = middle + 1 } else { high = middle }
    }
    guard low < lowercaseRuns.count else { return scalar }
    let run = lowercaseRuns[low]
    guard scalar >= run.first, (scalar - run.first) % run.stride == 0 else { return scalar }
    return UInt32(truncatingIfNeeded: Int32(truncatingIfNeeded: scalar) &+ run.difference)
  }
}

// MARK: - Unpacking

extension UnicodeProperties {
  private static func unpackFlags() -> (blocks: [UInt16], flags: [UInt16]) {
    var all: [UInt16] = []
    all.reserveCapacity(0x110000)
    var numbers = PackedNumbers(UnicodeTables.propertyRuns)
    while let length = numbers.next(), let value = numbers.next() {
      all.append(contentsOf: repeatElement(UInt16(truncatingIfNeeded: value), count: length))
    }
    // Most blocks look like another one: unassigned, private, or whole planes of ideographs.
    var blocks: [UInt16] = []
    var flags: [UInt16] = []
    var known: [ArraySlice<UInt16>: UInt16] = [:]
    var previous: ArraySlice<UInt16> = []
    for start in stride(from: 0, to: all.count, by: 128) {
      let block = all[start..<start + 128]
      if let last = blocks.last, block == previous {
        blocks.append(last)
        continue
      }
      previous = block
      if let offset = known[block] {
        blocks.append(offset)
      } else {
        let offset = UInt16(flags.count)
        known[block] = offset
        blocks.append(offset)
        flags.append(contentsOf: block)
      }
    }
    return (blocks, flags)
  }

  private static func unpackDecompositions() -> (keys: [UInt32], ends: [UInt16], scalars: [UInt32]) {
    var keys: [UInt32] = []
    var ends: [UInt16] = []
    var scalars: [UInt32] = []
    var key = 0
    var numbers = PackedNumbers(UnicodeTables.decompositions)
    while let step = numbers.next() {
      key += step
      keys.append(UInt32(key))
      while numbers.insideRecord, let scalar = numbers.next() { scalars.append(UInt32(scalar)) }
      ends.append(UInt16(scalars.count))
    }
    return (keys, ends, scalars)
  }

  private static func unpackLowercase() -> [LowercaseRun] {
    var runs: [LowercaseRun] = []
    var last = 0
    var numbers = PackedNumbers(UnicodeTables.lowercaseRuns)
    while let step = numbers.next(), let count = numbers.next(), let stride = numbers.next(), let difference = numbers.next() {
      let first = last + step
      last = first + (count - 1) * stride
      runs.append(
        LowercaseRun(first: UInt32(first), last: UInt32(last), stride: UInt32(stride), difference: Int32(difference)))
    }
    return runs
  }
}

/// Reads the numbers of a table literal: hexadecimal, joined by dots into records, records separated by blanks.
private struct PackedNumbers {
  private let text: StaticString
  private var offset = 0
  /// Whether the number last read has another one of its record after it.
  private(set) var insideRecord = false

  init(_ text: StaticString) { self.text = text }

  mutating func next() -> Int? {
    // The literal lives as long as the program, and `offset` stays below its length.
    let bytes = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    var value = 0
    var sign = 1
    var digits = 0
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | Int(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | Int(byte - UInt8(ascii: "a") + 10)
      case UInt8(ascii: "-"):
        sign = -1
        continue
      default:
        if digits == 0 { continue }
        insideRecord = byte == UInt8(ascii: ".")
        return value * sign
      }
      digits += 1
    }
    insideRecord = false
    return digits == 0 ? nil : value * sign
  }
}
