/// Finds added tokens in a text: the leftmost, and of those at one place the longest.
struct AddedTokenMatcher: Sendable {
  /// Longer ones would make the time for a text depend on a model's whim.
  static let longest = 1024

  private var table: TokenTable
  private var singleWords: Set<Int32> = []
  private let unicode = UnicodeProperties.shared

  init(capacity: Int) { table = TokenTable(capacity: capacity) }

  var isEmpty: Bool { table.isEmpty }

  /// Adds a token, unless its bytes are none or there already.
  mutating func insert(_ token: ArraySlice<UInt8>, id: Int32, singleWord: Bool) {
    guard !token.isEmpty, table.insert(token, id: id) == nil else { return }
    if singleWord { singleWords.insert(id) }
  }

  /// Cuts a text at the tokens in it.
  ///
  /// - Parameter body: called with what comes before each token and the token's id, and with what comes after the last and
  ///   `nil`, until it answers `false`.
  func split(_ text: Span<UInt8>, _ body: (_ between: Range<Int>, _ id: Int32?) -> Bool) {
    var pending = 0
    if !isEmpty {
      withUnsafeTemporaryAllocation(of: UInt64.self, capacity: min(table.longest, max(text.count, 1))) { hashes in
        var index = 0
        while index < text.count {
          guard table.starts[Int(text[index])],
            let match = table.longestPrefix(of: text, from: index, to: text.count, hashes: hashes)
          else {
            index &+= 1
            continue
          }
          let end = index + match.length
          if !singleWords.contains(match.id) || isSingleWord(text, index, end) {
            if !body(pending..<index, match.id) {
              pending = -1
              return
            }
            pending = end
          }
          index = end
        }
      }
    }
    if pending >= 0 { _ = body(pending..<text.count, nil) }
  }

  private func isSingleWord(_ text: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    if start > 0, unicode.flags(of: UTF8Scalars.decode(text, before: start)).contains(.word) { return false }
    if end < text.count, unicode.flags(of: UTF8Scalars.decode(text, at: end).scalar).contains(.word) { return false }
    return true
  }
}
