/// Follows one pointer through a document that is read from front to back.
///
/// Containers on the path are counted as they open and close: while `depth` containers are open and `openOnPath == depth`, the
/// innermost one is on the path, and the token at `depth - 1` chooses among its children.
struct JSONPathMatcher {
  private let tokens: [JSONPointer.Token]
  private(set) var match = JSONMatch()
  /// How many of the open containers lie on the path; these are always the outermost ones.
  private var openOnPath = 0
  /// Whether the value that comes next is the one chosen; the root always is.
  private var isChosen = true
  /// The next element's index for each array on the path, by depth; grows when the first array is met.
  private var nextIndex: [Int] = []
  /// Where the container began that the pointer points at, while it is open.
  private var openTarget: (depth: Int, start: Int, kind: JSONKind)?

  init(_ pointer: JSONPointer) { tokens = pointer.tokens }

  /// Whether a child of the innermost of `depth` open containers can lie on the path.
  func watches(depth: Int) -> Bool { openOnPath == depth && depth <= tokens.count }

  /// A member's name was read in an object at `depth`; its value comes next.
  mutating func member(_ bytes: Span<UInt8>, name: Range<Int>, hasEscapes: Bool, depth: Int) {
    isChosen = watches(depth: depth) && Self.equal(bytes, name, hasEscapes: hasEscapes, to: tokens[depth - 1].name)
  }

  /// An element of an array at `depth` comes next.
  mutating func element(depth: Int) {
    guard watches(depth: depth) else { return }
    isChosen = nextIndex[depth - 1] == tokens[depth - 1].index
    nextIndex[depth - 1] += 1
  }

  /// A string, number or literal was read.
  mutating func scalar(_ value: JSONValue, depth: Int) {
    guard isChosen else { return }
    isChosen = false
    // A later member with the same name replaces what an earlier one held.
    match.value = nil
    if depth == tokens.count {
      match.value = value
      match.occurrences += 1
    }
  }

  /// An object or array begins inside `depth` open containers.
  mutating func open(_ kind: JSONKind, at start: Int, depth: Int) {
    guard isChosen else { return }
    isChosen = false
    match.value = nil
    if depth == tokens.count {
      openTarget = (depth, start, kind)
      match.occurrences += 1
    } else {
      openOnPath = depth + 1
      if kind == .array {
        while nextIndex.count <= depth { nextIndex.append(0) }
        nextIndex[depth] = 0
      }
    }
  }

  /// An object or array ended; `depth` containers remain open.
  mutating func close(end: Int, depth: Int) {
    if openOnPath > depth { openOnPath = depth }
    if let target = openTarget, target.depth == depth {
      match.value = JSONValue(kind: target.kind, range: target.start..<end, hasEscapes: false)
      openTarget = nil
    }
  }

  private static func equal(_ bytes: Span<UInt8>, _ range: Range<Int>, hasEscapes: Bool, to name: [UInt8]) -> Bool {
    if hasEscapes {
      // A name with half a surrogate pair equals no name that a pointer can hold.
      return (try? JSONText.unescape(bytes, content: range)) == name
    }
    guard range.count == name.count else { return false }
    for index in name.indices where bytes[range.lowerBound + index] != name[index] { return false }
    return true
  }
}

/// Which of the open containers are objects: one bit each, so that a million brackets cost 125 kB.
struct JSONNesting {
  private(set) var depth = 0
  /// The innermost 1 to 64 containers, the innermost in the lowest bit.
  private var current: UInt64 = 0
  private var outer: [UInt64] = []

  /// Meaningful while `depth` is not 0.
  var isObject: Bool { current & 1 == 1 }

  mutating func push(isObject: Bool) {
    if depth > 0 && depth % 64 == 0 {
      outer.append(current)
      current = 0
    }
    current = current << 1 | (isObject ? 1 : 0)
    depth += 1
  }

  mutating func pop() {
    current >>= 1
    depth -= 1
    if depth > 0 && depth % 64 == 0, let word = outer.popLast() { current = word }
  }
}
