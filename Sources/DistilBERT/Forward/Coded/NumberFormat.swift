import CKernels

/// A number format, other than f32, that linear layers and attention multiply in: how its rows, weights and heads lie in memory,
/// and its kernels.
///
/// `CodedPass` is the forward pass of each; what it calls is known when it is compiled. Rows that a kernel leaves are in the
/// form that the next product reads: `next` or `linear` is the layer that will multiply them, where there is one.
protocol NumberFormat {
  /// Rows of activations as products read them.
  associatedtype Rows: CodedRows
  associatedtype Linear: PackedLinear
  /// The word embedding.
  associatedtype Words
  /// Queries, keys and values of all tokens.
  associatedtype Heads

  /// Rows that go through the linear layers together on one thread.
  static var tileRows: Int { get }
  /// The same where the threads of a team share them.
  static var teamTileRows: Int { get }
  /// Inner channels of the feed-forward layers that are computed together, a multiple of 16 but for the last.
  static func feedForwardBlock(_ configuration: ModelConfiguration) -> Int
  /// Columns of f32 that a tile's widest products need as working memory, `floats` below.
  static func floatColumns(_ configuration: ModelConfiguration) -> Int
  /// Floats to take for the heads of `rows` tokens, piece by piece.
  static func headCounts(_ configuration: ModelConfiguration, rows: Int) -> [Int]
  static func takeHeads(_ memory: FloatMemory, _ configuration: ModelConfiguration, rows: Int) -> Heads
  /// Bytes of working memory of `attend`.
  static func attentionScratch(_ configuration: ModelConfiguration, longestSequence: Int) -> Int

  /// states = LayerNorm(word + position), (count, dim), and their codes. All ids are in the vocabulary.
  func embed(
    _ ids: UnsafePointer<Int32>, count: Int, words: Words, vocabulary: Int, positions: UnsafePointer<Float>, norm: LayerNorm,
    dimension: Int, for next: Linear?, into states: UnsafeMutablePointer<Float>, _ coded: Rows)

  /// states = LayerNorm(states), (rows, dimension), and their codes.
  func normalise(
    _ states: UnsafeMutablePointer<Float>, rows: Int, dimension: Int, norm: LayerNorm, for next: Linear?, into coded: Rows)

  /// The codes of x: (rows, columns), rows `ldx` floats apart.
  func encode(
    _ x: UnsafePointer<Float>, ldx: Int, rows: Int, columns: Int, for linear: Linear, into coded: Rows)

  /// y = x·wᵀ + bias, or y += x·wᵀ + bias, for some outputs; the first is a multiple of 16. y: (rows, outputs), rows `ldy` floats
  /// apart.
  func multiply(
    _ x: Rows, rows: Int, by linear: Linear, outputs: Range<Int>, into y: UnsafeMutablePointer<Float>, ldy: Int,
    accumulate: Bool)

  /// The codes of activation(x·wᵀ + bias) for some outputs; the first is a multiple of 16. Ends the stage `.feedForwardIn`, and
  /// `.activation` if that is one of its own.
  func expand(
    _ x: Rows, rows: Int, by linear: Linear, outputs: Range<Int>, activation: ModelConfiguration.Activation, into inner: Rows,
    floats: UnsafeMutablePointer<Float>, clock: StageClock)

  /// Queries, keys and values of `rows` tokens, x·wᵀ + bias, into the heads of the tokens from `row` on: some of the 3 · n heads of
  /// a row, which start at a multiple of 16 outputs. Ends the stage `.attentionInput`, and `.attention` if they are coded after it.
  func project(
    _ x: Rows, rows: Int, by linear: Linear, configuration: ModelConfiguration, into heads: Heads, at row: Int,
    part: Range<Int>, floats: UnsafeMutablePointer<Float>, clock: StageClock)

  /// The context of some tokens, `queries`, of the sequence that lies in the rows row ..< row + length of the heads, as codes: into
  /// those rows of `context`, (length, dim).
  func attend(
    _ heads: Heads, row: Int, length: Int, queries: Range<Int>, configuration: ModelConfiguration, into context: Rows,
    scratch: UnsafeMutableRawPointer)
}

extension NumberFormat {
  static func feedForwardBlocks(_ configuration: ModelConfiguration) -> Int {
    let block = feedForwardBlock(configuration)
    return (configuration.hiddenDimension + block - 1) / block
  }

  /// The same for all outputs, if none are named.
  func multiply(
    _ x: Rows, rows: Int, by linear: Linear, outputs: Range<Int>? = nil, into y: UnsafeMutablePointer<Float>, ldy: Int,
    accumulate: Bool = false
  ) {
    multiply(x, rows: rows, by: linear, outputs: outputs ?? 0..<linear.outputs, into: y, ldy: ldy, accumulate: accumulate)
  }
}

/// Rows of activations in a number format.
protocol CodedRows {
  /// The rows from `row` on.
  subscript(from row: Int) -> Self { get }
  /// Takes room for `rows` × `columns`.
  init(_ memory: FloatMemory, rows: Int, columns: Int)
  /// Floats to take for them, piece by piece.
  static func counts(rows: Int, columns: Int) -> [Int]
}
