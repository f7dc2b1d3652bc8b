/// The state of a histogram at a moment, or of an interval (the difference of two moments), or of several histograms (the sum).
public struct HistogramSnapshot: Sendable, Equatable {
  private var buckets: [UInt64]
  /// How many values were recorded.
  public private(set) var count: UInt64 = 0
  /// Their exact sum.
  public private(set) var sum: UInt128 = 0
  /// The largest; 0 if there is none. Exact, but for a difference the upper end of the largest value's bucket (at most 3.1 %
  /// more), as two moments do not tell the maximum in between.
  public private(set) var maximum: UInt64 = 0

  public init() {
    buckets = [UInt64](repeating: 0, count: HistogramBuckets.count)
  }

  mutating func record(_ value: UInt64, times: UInt64) {
    buckets[HistogramBuckets.index(of: value)] &+= times
    count &+= times
    sum &+= UInt128(value) &* UInt128(times)
    if value > maximum { maximum = value }
  }

  public var mean: Double { count == 0 ? 0 : Double(sum) / Double(count) }

  /// The mean as a duration, for values in nanoseconds.
  public var meanDuration: Duration { .nanoseconds(Int64(min(mean, Double(Int64.max / 2)))) }

  /// The maximum as a duration, for values in nanoseconds.
  public var maximumDuration: Duration { Percentile(value: maximum).duration }

  /// A value that a share of the recorded ones does not exceed.
  public struct Percentile: Sendable, Equatable {
    public let value: UInt64
    /// The value read as nanoseconds.
    public var duration: Duration { .nanoseconds(Int64(clamping: value)) }
  }

  /// The value at rank ⌈percent/100 × count⌉ in ascending order (nearest rank), as the middle of its bucket: within 1.6 % of the
  /// exact one, never above the maximum; 0 if nothing was recorded.
  /// - Parameter percent: 0…100; beyond, the nearer end.
  public func percentile(_ percent: Double) -> Percentile {
    guard count > 0 else { return Percentile(value: 0) }
    let share = percent.isNaN ? 1 : min(max(percent / 100, 0), 1)
    let rank = max(1, UInt64(exactly: (share * Double(count)).rounded(.up)) ?? count)
    var seen: UInt64 = 0
    for (index, inBucket) in buckets.enumerated() where inBucket > 0 {
      seen &+= inBucket
      if seen >= rank {
        let bounds = HistogramBuckets.bounds(of: index)
        let middle = bounds.lowerBound + (bounds.upperBound - bounds.lowerBound) / 2
        return Percentile(value: min(middle, maximum))
      }
    }
    return Percentile(value: maximum)
  }

  /// How many values are at most `value`, give or take those in its own bucket, which are left out unless it ends there.
  public func count(upTo value: UInt64) -> UInt64 {
    let index = HistogramBuckets.index(of: value)
    let end = HistogramBuckets.bounds(of: index).upperBound == value ? index + 1 : index
    return buckets[..<end].reduce(0, &+)
  }

  /// What both recorded together: of several lanes, say.
  public static func + (a: HistogramSnapshot, b: HistogramSnapshot) -> HistogramSnapshot {
    var total = a
    for index in total.buckets.indices { total.buckets[index] &+= b.buckets[index] }
    total.count &+= b.count
    total.sum &+= b.sum
    total.maximum = max(a.maximum, b.maximum)
    return total
  }

  /// What was recorded between `earlier` and `later`, two snapshots of one histogram.
  public static func - (later: HistogramSnapshot, earlier: HistogramSnapshot) -> HistogramSnapshot {
    var interval = HistogramSnapshot()
    var last: Int?
    for index in later.buckets.indices {
      // Swapped or foreign snapshots give nothing instead of nonsense.
      let difference = later.buckets[index] > earlier.buckets[index] ? later.buckets[index] - earlier.buckets[index] : 0
      interval.buckets[index] = difference
      interval.count &+= difference
      if difference > 0 { last = index }
    }
    interval.sum = later.sum > earlier.sum ? later.sum - earlier.sum : 0
    if let last { interval.maximum = min(later.maximum, HistogramBuckets.bounds(of: last).upperBound) }
    return interval
  }
}
