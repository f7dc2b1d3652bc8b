/// What is run: the token ids of some reviews, with their texts and labels where there are any.
struct Workload: Sendable {
  /// For people: `sample reviews`, `128 tokens`.
  var name: String
  /// Token ids of each review, `[CLS]` and `[SEP]` included; at least one review.
  var sequences: [[Int32]]
  /// Their texts in UTF-8; none for random ids.
  var texts: [[UInt8]] = []
  /// The class that each is known to have; nil where it is not known. None for random ids.
  var classes: [Int?] = []

  var tokens: Int { sequences.reduce(0) { $0 + $1.count } }
  var textBytes: Int { texts.reduce(0) { $0 + $1.count } }
  var shortest: Int { sequences.map(\.count).min() ?? 0 }
  var longest: Int { sequences.map(\.count).max() ?? 0 }
}

/// Some sequences in a row, as a lane takes them.
struct WorkloadBatch: Sendable {
  /// Place of the first sequence in the workload.
  var start: Int
  var ids: [Int32]
  /// Tokens of each sequence.
  var lengths: [Int]
}

extension Workload {
  /// Random ids of one length, the same on every machine.
  static func random(length: Int, vocabulary: Int) -> Workload {
    var generator = SplitMix(state: UInt64(length))
    let sequences = (0..<max(1, min(16, 8_192 / length))).map { _ in
      (0..<length).map { _ in Int32(generator.next() % UInt64(vocabulary)) }
    }
    return Workload(name: "\(length) tokens", sequences: sequences)
  }

  /// The sequences in their order, packed into batches of up to `limit` tokens; a longer one is a batch of its own.
  func batches(upTo limit: Int) -> [WorkloadBatch] {
    var batches: [WorkloadBatch] = []
    for (index, ids) in sequences.enumerated() {
      if let last = batches.indices.last, batches[last].ids.count + ids.count <= limit {
        batches[last].ids += ids
        batches[last].lengths.append(ids.count)
      } else {
        batches.append(WorkloadBatch(start: index, ids: ids, lengths: [ids.count]))
      }
    }
    return batches
  }

  /// Token limit of a batch: `limit`, or less so that each of `lanes` has at least four batches where the reviews allow it.
  func batchLimit(_ limit: Int, lanes: Int) -> Int { min(limit, max(1, tokens / (4 * lanes))) }

  /// Up to `count` sequences, evenly spaced.
  func sample(_ count: Int) -> [[Int32]] {
    guard sequences.count > count else { return sequences }
    return (0..<count).map { sequences[$0 * sequences.count / count] }
  }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers everywhere.
private struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
