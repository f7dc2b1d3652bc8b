/// A moment as milliseconds since 1970-01-01T00:00:00Z: the clock of log lines, results and Kafka timestamps.
public struct UTCTime: Sendable, Hashable, Comparable {
  public let milliseconds: Int64

  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  public static func < (a: UTCTime, b: UTCTime) -> Bool { a.milliseconds < b.milliseconds }

  /// RFC 3339 in UTC with milliseconds, e.g. `2026-01-31T23:59:59.042Z`; years beyond 0000…9999 are written as they are.
  ///
  /// Days become a date by the algorithm `civil_from_days` of Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms":
  /// years begin in March, so that the leap day is a year's last, in eras of 400 years (146,097 days).
  public var rfc3339: String {
    let (days, millisecondOfDay) = floorDivide(milliseconds, by: 86_400_000)
    // 0000-03-01 lies 719,468 days before 1970-01-01.
    let (era, dayOfEra) = floorDivide(days + 719_468, by: 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)

    let seconds = millisecondOfDay / 1000
    let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    let time = "\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
    return "\(date)T\(time).\(padded(millisecondOfDay % 1000, 3))Z"
  }

  private func floorDivide(_ number: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }

  private func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number.magnitude)
    let zeros = String(repeating: "0", count: max(0, width - digits.utf8.count))
    return (number < 0 ? "-" : "") + zeros + digits
  }
}
