import CAllocationCounter
import TestSupport
import Testing

@testable import DistilBERT

@Suite(
  "A forward pass allocates nothing",
  .enabled(if: allocations_are_counted(), "a sanitizer has its own allocator, or this is not glibc"))
struct AllocationTests {
  @Test("what is allocated is seen")
  func counts() {
    let before = allocation_count()
    let array = Array(repeating: before, count: 1_000)
    #expect(allocation_count() > before && array.count == 1_000)
  }

  private static var isOptimised: Bool {
    #if DEBUG
      false
    #else
      true
    #endif
  }

  @Test(
    "after the first pass",
    .enabled(if: isOptimised, "a debug build allocates; swift test -c release -Xswiftc -enable-testing runs it"),
    arguments: Precision.allCases)
  func nothing(precision: Precision) throws {
    let lane = try Lane(model: Model(directory: SharedDirectory.bundledModel, precision: precision))
    let lengths = [7, 1, 130, 512, 64]
    let ids = (0..<lengths.reduce(0, +)).map { Int32(1_000 + $0) }
    var logits: [Float] = []
    for _ in 0..<2 { _ = try lane.forward(ids: ids, lengths: lengths, logits: &logits) }
    let before = allocation_count()
    let notFinite = try lane.forward(ids: ids, lengths: lengths, logits: &logits)
    let allocations = allocation_count() - before
    #expect(allocations == 0)
    #expect(notFinite.isEmpty)
  }
}
