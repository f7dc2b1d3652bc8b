/// The sequences of one pass, and where their logits go.
struct Slice {
  /// All token ids, one sequence after the other, each in the vocabulary.
  let ids: UnsafePointer<Int32>
  let lengths: UnsafeBufferPointer<Int>
  /// (sequences, labels)
  let logits: UnsafeMutablePointer<Float>

  /// What lies in a range of rows of one sequence.
  struct Part {
    /// The sequence's first row, the position of its first token in `ids`, and its tokens.
    let row: Int
    let token: Int
    let length: Int
    /// The tokens of it that lie in the range; may be empty where rows are padded.
    let tokens: Range<Int>
  }

  /// Calls `body` for every sequence with a row in `rows`. Each sequence starts at a multiple of `alignment`.
  func forEachPart(in rows: Range<Int>, alignment: Int = 1, _ body: (Part) -> Void) {
    var row = 0
    var token = 0
    for length in lengths {
      let next = row + roundUp(length, to: alignment)
      if next > rows.lowerBound, row < rows.upperBound {
        let first = min(max(rows.lowerBound - row, 0), length)
        body(Part(row: row, token: token, length: length, tokens: first..<max(first, min(rows.upperBound - row, length))))
      }
      row = next
      token += length
    }
  }
}

func roundUp(_ count: Int, to step: Int) -> Int { (count + step - 1) / step * step }
