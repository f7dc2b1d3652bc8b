/// Bounds of a micro-batch.
struct BatchLimits: Sendable, Equatable {
  /// Tokens of a full batch. One record may exceed it alone.
  var tokens: Int
  /// Records of a full batch.
  var records: Int
  /// How long a free lane leaves a batch that is not full waiting for more; zero: it takes what is there at once.
  var wait: Duration
}

/// Packs waiting records into micro-batches by token budget, first come first served.
///
/// Nothing is padded, so there is nothing to gain from sorting by length: order of arrival keeps latency fair and lets
/// each partition's results leave in order soonest.
struct MicroBatcher<Item> {
  private struct Waiting {
    let item: Item
    let tokens: Int
    let since: Nanoseconds
  }

  let limits: BatchLimits
  private let wait: Nanoseconds
  private var queue = RingBuffer<Waiting>()
  private(set) var tokens = 0

  init(limits: BatchLimits) {
    self.limits = limits
    wait = limits.wait.nanoseconds
  }

  var count: Int { queue.count }

  mutating func append(_ item: Item, tokens: Int, at now: Nanoseconds) {
    queue.append(Waiting(item: item, tokens: tokens, since: now))
    self.tokens += tokens
  }

  /// A free lane asks for work: the next batch, or nil when there is none yet.
  /// - Parameter isLast: true when no more records come, so that waiting for them is pointless.
  mutating func take(at now: Nanoseconds, isLast: Bool = false) -> [Item]? {
    guard let oldest = queue.first else { return nil }
    let isFull = tokens >= limits.tokens || queue.count >= limits.records
    guard isFull || isLast || now >= oldest.since &+ wait else { return nil }
    var batch: [Item] = []
    batch.reserveCapacity(min(queue.count, limits.records))
    var budget = limits.tokens
    while let next = queue.first, batch.count < limits.records, batch.isEmpty || next.tokens <= budget {
      batch.append(next.item)
      budget -= next.tokens
      tokens -= next.tokens
      queue.popFirst()
    }
    return batch
  }

  /// When the oldest waiting record's wait ends; nil when nothing waits.
  var deadline: Nanoseconds? { queue.first.map { $0.since &+ wait } }

  /// Takes out the waiting items that satisfy `isRemoved`.
  mutating func remove(where isRemoved: (Item) -> Bool) {
    queue.filter { !isRemoved($0.item) }
    tokens = 0
    for position in 0..<queue.count { tokens += queue[position].tokens }
  }
}
