import Foundation
import Settings

/// A partition as a user names it.
struct PartitionName: Hashable, Sendable {
  /// Nil: of every topic.
  var topic: String?
  var partition: Int32

  init(topic: String? = nil, _ partition: Int32) {
    self.topic = topic
    self.partition = partition
  }

  init?(_ text: Substring) {
    guard let colon = text.lastIndex(of: ":") else {
      guard let partition = Int32(text), partition >= 0 else { return nil }
      self.init(partition)
      return
    }
    guard colon > text.startIndex, let partition = Int32(text[text.index(after: colon)...]), partition >= 0 else { return nil }
    self.init(topic: String(text[..<colon]), partition)
  }
}

/// Where a replay begins or ends, as a user says it.
enum ReplayBound: Equatable, Sendable {
  case beginning
  case end
  /// The same offset in every partition.
  case offset(Int64)
  /// Partitions that are not named have no part in the replay.
  case offsets([PartitionName: Int64])
  /// Milliseconds since 1970 UTC: the first record that is as young.
  case time(Int64)
  /// The first record that is as young, counted back from now.
  case ago(Duration)

  static let expected =
    "beginning, end, an offset, [TOPIC:]PARTITION=OFFSET,…, a time such as 2026-01-31T08:00:00Z, or a duration ago such as 24h"

  init?(_ text: String) {
    switch text {
    case "beginning": self = .beginning
    case "end": self = .end
    default:
      if let offset = Int64(text), offset >= 0 {
        self = .offset(offset)
      } else if text.contains("=") {
        guard let offsets = Self.offsets(text) else { return nil }
        self = .offsets(offsets)
      } else if let milliseconds = Self.milliseconds(text) {
        self = .time(milliseconds)
      } else if let duration = Duration(setting: .one(text)), duration > .zero {
        self = .ago(duration)
      } else {
        return nil
      }
    }
  }

  /// Where a range ends.
  static func offsets(after range: ReplayRange) -> ReplayBound {
    let ends = range.partitions.map { (PartitionName(topic: $0.key.topic, $0.key.partition), $0.value.upperBound) }
    return .offsets(Dictionary(ends, uniquingKeysWith: max))
  }

  private static func offsets(_ text: String) -> [PartitionName: Int64]? {
    var offsets: [PartitionName: Int64] = [:]
    for pair in text.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = pair.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2, let partition = PartitionName(parts[0]), let offset = Int64(parts[1]), offset >= 0,
        offsets.updateValue(offset, forKey: partition) == nil
      else { return nil }
    }
    return offsets
  }

  /// ISO 8601: a date, or date and time with a zone; fractions of a second allowed.
  private static func milliseconds(_ text: String) -> Int64? {
    let formats: [ISO8601DateFormatter.Options] = [
      [.withInternetDateTime], [.withInternetDateTime, .withFractionalSeconds], [.withFullDate],
    ]
    for options in formats {
      let formatter = ISO8601DateFormatter()
      formatter.formatOptions = options
      // A date alone would match the beginning of anything.
      guard options != [.withFullDate] || text.count == 10, let date = formatter.date(from: text) else { continue }
      return Int64(exactly: (date.timeIntervalSince1970 * 1000).rounded())
    }
    return nil
  }
}
