/// A first-in first-out queue with constant-time access by position, for records in flight.
///
/// Storage grows by doubling and is kept, so a queue that has found its size allocates nothing more.
struct RingBuffer<Element> {
  private var slots: [Element?]
  private var head = 0
  private(set) var count = 0

  init() { slots = Array(repeating: nil, count: 16) }

  var isEmpty: Bool { count == 0 }
  var first: Element? { count == 0 ? nil : slots[head] }

  /// The element `position` places behind the first.
  /// - Precondition: `position` is in `0..<count`.
  subscript(position: Int) -> Element {
    get {
      guard position >= 0, position < count, let element = slots[index(position)] else {
        preconditionFailure("position \(position) is outside a ring buffer of \(count)")
      }
      return element
    }
    set {
      precondition(position >= 0 && position < count)
      slots[index(position)] = newValue
    }
  }

  mutating func append(_ element: Element) {
    if count == slots.count { grow() }
    slots[index(count)] = element
    count += 1
  }

  @discardableResult
  mutating func popFirst() -> Element? {
    guard count > 0 else { return nil }
    let element = slots[head]
    slots[head] = nil
    head = (head + 1) & (slots.count - 1)
    count -= 1
    return element
  }

  /// Removes the elements from `position` to the last and returns them in order.
  mutating func removeSuffix(from position: Int) -> [Element] {
    var removed: [Element] = []
    var at = max(position, 0)
    while at < count {
      if let element = slots[index(at)] { removed.append(element) }
      slots[index(at)] = nil
      at += 1
    }
    count = min(count, max(position, 0))
    return removed
  }

  /// Keeps the elements that satisfy `isKept`, in order.
  mutating func filter(_ isKept: (Element) -> Bool) {
    var kept = RingBuffer()
    while let element = popFirst() {
      if isKept(element) { kept.append(element) }
    }
    self = kept
  }

  private func index(_ position: Int) -> Int { (head + position) & (slots.count - 1) }

  private mutating func grow() {
    var larger: [Element?] = []
    larger.reserveCapacity(slots.count * 2)
    for position in 0..<count { larger.append(slots[index(position)]) }
    larger.append(contentsOf: repeatElement(nil, count: slots.count * 2 - count))
    slots = larger
    head = 0
  }
}
