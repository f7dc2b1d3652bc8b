import CKernels

/// The memory that one lane computes in: sized once, never grown.
///
/// With R = `rows`, d = dimension, h = hidden dimension, n = heads, L = longest sequence and F = `feedForwardRows`, it is
///
///     R·d + max(R·3d, F·h)                        hidden states; queries, keys and values, or a feed-forward tile
///     + 16·(n·d + 3d + h) + n·L                   the last layer and the head
///     + L·(2·head_dim + 48) + 48·head_dim         one attention head (rounded up a little)
///
/// floats: 14 MB for DistilBERT-base and 1,024 rows, 7 MB for the bundled model. OpenBLAS keeps a few MB of its own per thread.
struct Workspace {
  /// Rows of the feed-forward layers that are computed at a time, so that the activation finds them in the cache.
  static let feedForwardRows = 480
  /// Sequences whose last layer is computed at a time.
  static let headSequences = 16

  let memory: FloatMemory
  let rows: Int
  /// (rows, dim): the residual stream.
  let hidden: UnsafeMutablePointer<Float>
  /// (rows, 3 · dim): queries (later the context), keys, values; or (feedForwardRows, hidden_dim).
  let wide: UnsafeMutablePointer<Float>
  let attention: UnsafeMutablePointer<Float>
  /// (headSequences, dim): the first tokens' residual stream.
  let first: UnsafeMutablePointer<Float>
  /// (headSequences, dim): their queries, later the context.
  let query: UnsafeMutablePointer<Float>
  /// (headSequences, dim)
  let projected: UnsafeMutablePointer<Float>
  /// (headSequences, heads, dim)
  let absorbed: UnsafeMutablePointer<Float>
  /// (heads, longest sequence)
  let scores: UnsafeMutablePointer<Float>
  /// (headSequences, hidden_dim)
  let inner: UnsafeMutablePointer<Float>

  init(_ configuration: ModelConfiguration, rows: Int, longestSequence: Int) throws(ModelError) {
    let sizes = Sizes(configuration, rows: rows, longestSequence: longestSequence)
    memory = try FloatMemory(capacity: FloatMemory.capacity(for: sizes.all), purpose: "a lane's workspace")
    self.rows = rows
    hidden = memory.take(sizes.hidden)
    wide = memory.take(sizes.wide)
    attention = memory.take(sizes.attention)
    first = memory.take(sizes.perSequence)
    query = memory.take(sizes.perSequence)
    projected = memory.take(sizes.perSequence)
    absorbed = memory.take(sizes.absorbed)
    scores = memory.take(sizes.scores)
    inner = memory.take(sizes.inner)
  }

  private struct Sizes {
    let hidden, wide, attention, perSequence, absorbed, scores, inner: Int
    var all: [Int] { [hidden, wide, attention, perSequence, perSequence, perSequence, absorbed, scores, inner] }

    init(_ configuration: ModelConfiguration, rows: Int, longestSequence: Int) {
      let d = configuration.dimension
      let sequences = Workspace.headSequences
      hidden = rows * d
      wide = max(rows * 3 * d, min(rows, Workspace.feedForwardRows) * configuration.hiddenDimension)
      attention = ck_attention_scratch(longestSequence, configuration.headDimension)
      perSequence = sequences * d
      absorbed = sequences * configuration.heads * d
      scores = configuration.heads * longestSequence
      inner = sequences * configuration.hiddenDimension
    }
  }
}
