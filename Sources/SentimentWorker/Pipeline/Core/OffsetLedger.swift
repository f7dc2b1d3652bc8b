/// What has become of each record of one assigned partition, in the partition's order.
///
/// A record is `admitted` when it is consumed, `settled` when its outcome is known (in any order), `released` when its
/// outcome has been handed to the producer (in order only), and `acknowledged` when the broker has it (in any order).
/// Two cursors follow: everything before `releaseCursor` has been released; everything before the first entry has been
/// acknowledged. The offset to commit is the one after the last entry of that acknowledged prefix, so that no record
/// is ever skipped by a commit.
///
/// Offsets need not be contiguous: compaction, control records and transactions leave gaps.
struct OffsetLedger<Record, Outcome> {
  struct Entry {
    let offset: Int64
    let record: Record
    let tokens: Int
    let bytes: Int
    let admittedAt: Nanoseconds
    var state: State
    var releasedAt: Nanoseconds = 0
  }

  /// Exits: admitted → settled → released → acknowledged; released → settled when a new outcome replaces one that the
  /// broker refused for good, or when its transaction was aborted; admitted and settled entries may also be dropped by `truncate`.
  enum State {
    case admitted
    case settled(Outcome)
    case released(Outcome)
    case acknowledged
  }

  /// The ordinal of the first entry; ordinals count the records admitted since the assignment.
  private(set) var firstOrdinal: UInt64 = 0
  private var entries = RingBuffer<Entry>()
  private var releaseCursor: UInt64 = 0
  private var committed: Int64?
  /// The next offset to read once everything acknowledged so far is committed; nil before the first.
  private(set) var watermark: Int64?

  var isEmpty: Bool { entries.isEmpty }
  var count: Int { entries.count }

  /// Enters a record behind all others and returns its ordinal.
  ///
  /// Offsets may go back: a topic that was truncated or made anew starts over (`ReadingPositions`). Order of admission is what
  /// counts then, for results and commits alike, so that nothing is left out.
  mutating func admit(_ record: Record, offset: Int64, tokens: Int, bytes: Int, at now: Nanoseconds) -> UInt64 {
    entries.append(Entry(offset: offset, record: record, tokens: tokens, bytes: bytes, admittedAt: now, state: .admitted))
    return firstOrdinal + UInt64(entries.count - 1)
  }

  /// Notes the outcome of a record. False if the ledger does not wait for it (dropped, or settled already).
  mutating func settle(_ ordinal: UInt64, _ outcome: Outcome) -> Bool {
    guard let position = position(of: ordinal), case .admitted = entries[position].state else { return false }
    entries[position].state = .settled(outcome)
    return true
  }

  /// The next record in order whose outcome may go out; nil while its turn has not come.
  var nextRelease: (ordinal: UInt64, entry: Entry, outcome: Outcome)? {
    guard let position = position(of: releaseCursor) else { return nil }
    let entry = entries[position]
    guard case .settled(let outcome) = entry.state else { return nil }
    return (releaseCursor, entry, outcome)
  }

  /// The outcome of `nextRelease` has been handed over; returns the size of its record.
  mutating func markReleased(at now: Nanoseconds) -> (tokens: Int, bytes: Int)? {
    guard let position = position(of: releaseCursor), case .settled(let outcome) = entries[position].state else { return nil }
    entries[position].state = .released(outcome)
    entries[position].releasedAt = now
    releaseCursor += 1
    return (entries[position].tokens, entries[position].bytes)
  }

  /// The entry of a record that has been released and not yet acknowledged.
  func released(_ ordinal: UInt64) -> (entry: Entry, outcome: Outcome)? {
    guard let position = position(of: ordinal), case .released(let outcome) = entries[position].state else { return nil }
    return (entries[position], outcome)
  }

  /// Replaces the outcome of a released record, whose first one the broker refused for good. The caller sends the new one.
  mutating func replaceReleased(_ ordinal: UInt64, with outcome: Outcome) -> Bool {
    guard let position = position(of: ordinal), case .released = entries[position].state else { return false }
    entries[position].state = .released(outcome)
    return true
  }

  /// Notes that the broker has a record's outcome; returns its entry, or nil if the ledger does not wait for it.
  mutating func acknowledge(_ ordinal: UInt64) -> Entry? {
    guard let position = position(of: ordinal), case .released = entries[position].state else { return nil }
    let entry = entries[position]
    entries[position].state = .acknowledged
    while let first = entries.first, case .acknowledged = first.state {
      watermark = first.offset + 1
      entries.popFirst()
      firstOrdinal += 1
    }
    return entry
  }

  // MARK: Transactions: what has been released is acknowledged all at once, or taken back

  /// How many records have been released and not acknowledged, when nothing is acknowledged singly.
  var releasedCount: Int { Int(releaseCursor - firstOrdinal) }
  /// The offset behind the last of them; nil if there are none.
  var releasedEnd: Int64? { releasedCount > 0 ? entries[releasedCount - 1].offset + 1 : nil }

  /// Everything released has become visible; returns the entries with their outcomes.
  mutating func acknowledgeReleased() -> [(entry: Entry, outcome: Outcome)] {
    var acknowledged: [(entry: Entry, outcome: Outcome)] = []
    acknowledged.reserveCapacity(releasedCount)
    while firstOrdinal < releaseCursor, let first = entries.first {
      if case .released(let outcome) = first.state { acknowledged.append((first, outcome)) }
      watermark = first.offset + 1
      entries.popFirst()
      firstOrdinal += 1
    }
    return acknowledged
  }

  /// Nothing released has become visible: it is to be released again.
  mutating func takeBackReleased() {
    for position in 0..<releasedCount {
      if case .released(let outcome) = entries[position].state { entries[position].state = .settled(outcome) }
    }
    releaseCursor = firstOrdinal
  }

  /// Drops the record `ordinal` and all behind it, none of which may have been released; returns their entries.
  mutating func truncate(from ordinal: UInt64) -> [Entry] {
    precondition(ordinal >= releaseCursor, "released records cannot be dropped")
    guard let position = position(of: ordinal) else { return [] }
    return entries.removeSuffix(from: position)
  }

  /// All entries, when a partition is given up.
  mutating func removeAll() -> [Entry] { entries.removeSuffix(from: 0) }

  /// The watermark if it has moved since the last call, which then counts as committed.
  mutating func takeWatermark() -> Int64? {
    guard watermark != committed else { return nil }
    committed = watermark
    return watermark
  }

  /// A commit failed: the watermark counts as not committed again.
  mutating func forgetCommit() { committed = nil }

  private func position(of ordinal: UInt64) -> Int? {
    guard ordinal >= firstOrdinal, ordinal - firstOrdinal < UInt64(entries.count) else { return nil }
    return Int(ordinal - firstOrdinal)
  }
}
