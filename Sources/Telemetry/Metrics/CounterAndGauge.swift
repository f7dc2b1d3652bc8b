import Synchronization

/// A number of things that happened: only grows. Lock-free, for any thread.
public final class Counter: Sendable {
  private let count = Atomic<Int>(0)

  public init() {}

  public func increment(by amount: Int = 1) { count.wrappingAdd(amount, ordering: .relaxed) }

  public var value: Int { count.load(ordering: .relaxed) }
}

/// A quantity that goes up and down: queue depth, bytes in flight. Lock-free, for any thread.
public final class Gauge: Sendable {
  /// The bit pattern of a Double.
  private let bits = Atomic<UInt64>(0)

  public init() {}

  public func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

  public func add(_ amount: Double) {
    var expected = bits.load(ordering: .relaxed)
    while true {
      let sum = Double(bitPattern: expected) + amount
      let (exchanged, original) = bits.weakCompareExchange(
        expected: expected, desired: sum.bitPattern, ordering: .relaxed)
      if exchanged { return }
      expected = original
    }
  }

  public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}
