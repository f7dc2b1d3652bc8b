/// Finds the longest entry that some text starts with: an open-addressing hash table over bytes.
///
/// The hash is FNV-1a (Fowler, Noll, Vo), which grows byte by byte, so that one pass over a word hashes all its prefixes. A
/// hit is confirmed byte by byte. Entries are byte strings: nothing about Unicode equivalence.
struct TokenTable: Sendable {
  private struct Entry {
    var offset: UInt32
    var length: UInt32
    var id: Int32
  }

  private var bytes: [UInt8] = []
  private var entries: [Entry] = []
  /// Upper half: bits of the hash; lower half: index of the entry plus one; 0 where free. At most half are taken.
  private var slots: [UInt64]
  private let mask: Int
  /// Length in bytes of the longest entry.
  private(set) var longest = 0
  /// First bytes of entries.
  private(set) var starts = [Bool](repeating: false, count: 256)

  var isEmpty: Bool { entries.isEmpty }

  private static let seed: UInt64 = 0xCBF2_9CE4_8422_2325

  /// A table for up to `capacity` entries.
  init(capacity: Int) {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    slots = [UInt64](repeating: 0, count: size)
    mask = size - 1
    entries.reserveCapacity(capacity)
  }

  /// Adds an entry, which is not empty. An equal one that is there already stays, and its id is returned.
  mutating func insert(_ token: ArraySlice<UInt8>, id: Int32) -> Int32? {
    let hash = token.reduce(Self.seed, Self.extend)
    var slot = Self.place(hash) & mask
    while slots[slot] != 0 {
      let entry = entries[Int(truncatingIfNeeded: slots[slot] & 0xFFFF_FFFF) - 1]
      let start = Int(entry.offset)
      if Int(entry.length) == token.count, bytes[start..<start + token.count].elementsEqual(token) { return entry.id }
      slot = (slot + 1) & mask
    }
    entries.append(Entry(offset: UInt32(bytes.count), length: UInt32(token.count), id: id))
    slots[slot] = hash & 0xFFFF_FFFF_0000_0000 | UInt64(entries.count)
    bytes.append(contentsOf: token)
    longest = max(longest, token.count)
    if let first = token.first { starts[Int(first)] = true }
    return nil
  }

  /// The id of exactly the bytes of `text` in `range`, if they are an entry.
  func id(of text: Span<UInt8>, _ range: Range<Int>) -> Int32? {
    var hash = Self.seed
    for index in range { hash = Self.extend(hash, text[index]) }
    return find(hash, text, range.lowerBound, range.count)
  }

  /// The longest entry that `text` has at `start`, ending at `end` or before.
  ///
  /// - Parameter hashes: scratch of the caller, at least `min(longest, end - start)` long.
  @inline(__always) func longestPrefix(
    of text: Span<UInt8>, from start: Int, to end: Int, hashes: UnsafeMutableBufferPointer<UInt64>
  ) -> (length: Int, id: Int32)? {
    let most = min(longest, end &- start)
    var hash = Self.seed
    for index in 0..<most {
      hash = Self.extend(hash, text[start &+ index])
      hashes[index] = hash
    }
    var length = most
    while length > 0 {
      // Entries and text are well-formed, so that a match cannot end inside a code point.
      if start &+ length == end || !UTF8Scalars.isContinuation(text[start &+ length]),
        let id = find(hashes[length &- 1], text, start, length)
      {
        return (length, id)
      }
      length &-= 1
    }
    return nil
  }

  @inline(__always) private func find(
    _ hash: UInt64, _ text: Span<UInt8>, _ start: Int, _ length: Int
  ) -> Int32? {
    var slot = Self.place(hash) & mask
    while true {
      let value = slots[slot]
      if value == 0 { return nil }
      if (value ^ hash) >> 32 == 0 {
        let entry = entries[Int(truncatingIfNeeded: value & 0xFFFF_FFFF) &- 1]
        if Int(entry.length) == length, equal(Int(entry.offset), text, start, length) { return entry.id }
      }
      slot = (slot &+ 1) & mask
    }
  }

  @inline(__always) private func equal(
    _ offset: Int, _ text: Span<UInt8>, _ start: Int, _ length: Int
  ) -> Bool {
    for index in 0..<length where bytes[offset &+ index] != text[start &+ index] { return false }
    return true
  }

  @inline(__always) private static func extend(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
    (hash ^ UInt64(byte)) &* 0x100_0000_01B3
  }

  @inline(__always) private static func place(_ hash: UInt64) -> Int {
    Int(truncatingIfNeeded: (hash ^ hash >> 29) &* 0x9E37_79B9_7F4A_7C15 >> 32)
  }
}
