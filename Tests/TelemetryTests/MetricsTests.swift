import Foundation
import TestSupport
import Testing

@testable import Telemetry

struct CounterAndGaugeTests {
  @Test func manyThreadsLoseNothing() {
    let counter = Counter()
    let gauge = Gauge()
    let histogram = Histogram()
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      for value in 0..<5000 {
        counter.increment()
        gauge.add(0.5)
        histogram.record(UInt64(value))
      }
    }
    #expect(counter.value == 20_000)
    #expect(gauge.value == 10_000)
    #expect(histogram.snapshot().count == 20_000)
    #expect(histogram.snapshot().sum == 4 * 12_497_500)
    gauge.set(-2.5)
    #expect(gauge.value == -2.5)
    counter.increment(by: 5)
    #expect(counter.value == 20_005)
  }
}

struct HistogramTests {
  @Test func bucketsCoverEveryValueWithoutGaps() {
    var next: UInt64 = 0
    for index in 0..<HistogramBuckets.count {
      let bounds = HistogramBuckets.bounds(of: index)
      #expect(bounds.lowerBound == next)
      #expect(HistogramBuckets.index(of: bounds.lowerBound) == index)
      #expect(HistogramBuckets.index(of: bounds.upperBound) == index)
      #expect(Double(bounds.upperBound - bounds.lowerBound) <= Double(bounds.lowerBound) / 32)
      next = bounds.upperBound &+ 1
    }
    #expect(next == 0)
  }

  @Test(arguments: [1, 2, 3, 4]) func percentilesAreNearTheExactOnes(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    let histogram = Histogram()
    var values: [UInt64] = []
    for _ in 0..<20_000 {
      // From 1 µs to hours in nanoseconds, evenly on a logarithmic scale.
      let value = UInt64(exp(Double.random(in: log(1e3)...log(3.6e13), using: &random)))
      values.append(value)
      histogram.record(value)
    }
    values.sort()
    let snapshot = histogram.snapshot()
    var worst = 0.0
    for percent in [0, 1, 25, 50, 75, 90, 95, 99, 99.9, 100] {
      let rank = max(1, Int((percent / 100 * Double(values.count)).rounded(.up)))
      let exact = Double(values[rank - 1])
      worst = max(worst, abs(Double(snapshot.percentile(percent).value) - exact) / exact)
    }
    #expect(worst <= 1.0 / 64, "relative error \(worst)")
    #expect(snapshot.maximum == values.last)
    #expect(snapshot.sum == values.reduce(UInt128(0)) { $0 + UInt128($1) })
  }

  @Test func smallCountsAreExact() {
    let histogram = Histogram()
    for value in 1...50 as ClosedRange<UInt64> { histogram.record(value) }
    let snapshot = histogram.snapshot()
    #expect(snapshot.percentile(50).value == 25)
    #expect(snapshot.percentile(100).value == 50)
    #expect(snapshot.percentile(-1).value == 1)
    #expect(snapshot.mean == 25.5)
  }

  @Test func nothingRecordedGivesZeros() {
    let snapshot = Histogram().snapshot()
    #expect(snapshot.count == 0 && snapshot.mean == 0 && snapshot.maximum == 0)
    #expect(snapshot.percentile(99).value == 0)
  }

  @Test func durationsAreNanoseconds() {
    let histogram = Histogram()
    histogram.record(.milliseconds(5), times: 3)
    histogram.record(.seconds(-1))
    histogram.record(.seconds(Int64.max))
    histogram.record(7, times: 0)
    let snapshot = histogram.snapshot()
    #expect(snapshot.count == 5)
    #expect(snapshot.maximum == .max)
    let median = snapshot.percentile(60).duration
    #expect(abs(median / .milliseconds(5) - 1) < 0.016)
    #expect(snapshot.percentile(1).duration == .zero)
    #expect(snapshot.maximumDuration == .nanoseconds(Int64.max))
    #expect(snapshot.meanDuration > .zero)
  }

  @Test func anIntervalIsTheDifferenceAndLanesAddUp() {
    var random = SeededRandom(seed: 9)
    let (whole, part) = (Histogram(), Histogram())
    for _ in 0..<1000 { whole.record(UInt64.random(in: 1000...100_000, using: &random)) }
    let earlier = whole.snapshot()
    for _ in 0..<1000 {
      let value = UInt64.random(in: 10...1000, using: &random)
      whole.record(value)
      part.record(value)
    }
    let interval = whole.snapshot() - earlier
    let expected = part.snapshot()
    #expect(interval.count == expected.count && interval.sum == expected.sum)
    for percent in [1.0, 50, 95, 99] { #expect(interval.percentile(percent) == expected.percentile(percent)) }
    // The maximum of a difference is the end of its bucket.
    #expect(interval.maximum >= expected.maximum && Double(interval.maximum) <= Double(expected.maximum) * 33 / 32)
    #expect((earlier + expected).percentile(50) == whole.snapshot().percentile(50))
    #expect((earlier + expected) == whole.snapshot())
    // Swapped snapshots give nothing, not a trap.
    #expect((earlier - whole.snapshot()).count == 0)
  }
}
