import CKernels

/// The memory that the threads of one lane compute in, as one of them sees it: sized once, never grown.
///
/// With R = `rows`, d = dimension, h = hidden dimension, n = heads, L = longest sequence and F = `feedForwardRows`, it is
///
///     R·d + max(R·3d, F·h)                        hidden states; queries, keys and values, or a feed-forward tile
///     + 16·(n·d + 4d + h) + n·L                   the last layer and the head
///     + L·(2·head_dim + 48) + 48·head_dim         one attention head (rounded up a little)
///
/// floats: 14 MB for DistilBERT-base and 1,024 rows, 7 MB for the bundled model. OpenBLAS, where it is used, keeps a few
/// MB of its own per thread.
/// Each further thread needs the attention's memory and 16·d.
struct Workspace {
  /// Rows of the feed-forward layers that are computed at a time, so that the activation finds them in the cache.
  private static let feedForwardRows = 480
  /// Sequences whose last layer is computed at a time.
  static let headSequences = 16

  let memory: FloatMemory
  let rows: Int
  let longestSequence: Int

  // Shared. A thread writes its own rows, heads or columns.

  /// Rows of a feed-forward tile.
  let tileRows: Int

  /// (rows, dim): the residual stream.
  let hidden: UnsafeMutablePointer<Float>
  /// (rows, 3 · dim): queries (later the context), keys, values. Or (tileRows, hidden_dim): a tile of the feed-forward layers.
  let wide: UnsafeMutablePointer<Float>
  /// (headSequences, dim): the first tokens' queries, later the context.
  let query: UnsafeMutablePointer<Float>
  /// (headSequences, heads, dim)
  let absorbed: UnsafeMutablePointer<Float>
  /// (heads, longest sequence)
  let scores: UnsafeMutablePointer<Float>
  /// (headSequences, dim): the first tokens' residual stream, before a layer norm.
  let sums: UnsafeMutablePointer<Float>
  /// (headSequences, hidden_dim)
  let inner: UnsafeMutablePointer<Float>
  /// (headSequences, dim)
  let projected: UnsafeMutablePointer<Float>

  // The thread's own.

  let attention: UnsafeMutablePointer<Float>
  /// (headSequences, dim): the first tokens' residual stream.
  let first: UnsafeMutablePointer<Float>

  /// The workspace of a lane, once for each thread.
  static func team(
    of threads: Int, _ configuration: ModelConfiguration, rows: Int, longestSequence: Int
  ) throws(ModelError) -> [Workspace] {
    let sizes = Sizes(configuration, rows: rows, longestSequence: longestSequence)
    let memory = try FloatMemory(
      capacity: FloatMemory.capacity(for: sizes.shared) + threads * FloatMemory.capacity(for: sizes.own),
      purpose: "a lane's workspace")
    var result: [Workspace] = []
    for _ in 0..<threads {
      result.append(Workspace(memory, sizes, rows: rows, longestSequence: longestSequence, beside: result.first))
    }
    return result
  }

  /// Takes all of it; or what is a thread's own, beside another's.
  private init(_ memory: FloatMemory, _ sizes: Sizes, rows: Int, longestSequence: Int, beside other: Workspace?) {
    self.memory = memory
    self.rows = rows
    self.longestSequence = longestSequence
    hidden = other?.hidden ?? memory.take(sizes.hidden)
    wide = other?.wide ?? memory.take(sizes.wide)
    query = other?.query ?? memory.take(sizes.perSequence)
    absorbed = other?.absorbed ?? memory.take(sizes.absorbed)
    scores = other?.scores ?? memory.take(sizes.scores)
    sums = other?.sums ?? memory.take(sizes.perSequence)
    inner = other?.inner ?? memory.take(sizes.inner)
    projected = other?.projected ?? memory.take(sizes.perSequence)
    tileRows = sizes.tileRows
    attention = memory.take(sizes.attention)
    first = memory.take(sizes.perSequence)
  }

  private struct Sizes {
    let hidden, wide, attention, perSequence, absorbed, scores, inner, tileRows: Int
    var shared: [Int] { [hidden, wide, perSequence, absorbed, scores, perSequence, inner, perSequence] }
    var own: [Int] { [attention, perSequence] }

    init(_ configuration: ModelConfiguration, rows: Int, longestSequence: Int) {
      let d = configuration.dimension
      let h = configuration.hiddenDimension
      let sequences = Workspace.headSequences
      hidden = rows * d
      tileRows = min(rows, Workspace.feedForwardRows)
      wide = max(rows * 3 * d, tileRows * h)
      attention = ck_attention_scratch(longestSequence, configuration.headDimension)
      perSequence = sequences * d
      absorbed = sequences * configuration.heads * d
      scores = configuration.heads * longestSequence
      inner = sequences * h
    }
  }
}
