import CKernels

/// The memory that one lane computes in at int8 or bf16: sized once, never grown.
///
/// With R = `rows`, d = dimension, n = heads, L = longest sequence, T = `tileRows`, it is about
///
///     R·(8d + 12n)                          the residual stream and its codes; queries, keys, values and their scales
///     + T·13d                               a tile of the widest products, and its codes
///     + L·(2d + 16n) + 28·(5L + 8d)         attention
///     + 16·(23d + 4n·d) + 4n·L              the last layer and the head
///
/// bytes. For DistilBERT-base and 1,024 rows 9 MB, for the bundled model 5 MB.
struct CodedWorkspace<Format: NumberFormat> {
  /// Sequences whose last layer is computed at a time.
  static var headSequences: Int { 16 }

  let memory: FloatMemory
  let rows: Int
  /// (rows, dim): the residual stream.
  let hidden: UnsafeMutablePointer<Float>
  /// (rows, dim): its codes; the context's between attention and its output layer.
  let coded: Format.Rows
  let heads: Format.Heads
  /// (tileRows, feedForwardBlock)
  let inner: Format.Rows
  /// What the format needs for a tile.
  let floats: UnsafeMutablePointer<Float>
  let attention: UnsafeMutableRawPointer
  let head: CodedHeadWorkspace<Format>

  init(_ configuration: ModelConfiguration, rows: Int, longestSequence: Int) throws(ModelError) {
    let d = configuration.dimension
    let block = configuration.feedForwardBlock
    let tile = Format.tileRows
    let floatColumns = Format.floatColumns(configuration)
    let scratch = Format.attentionScratch(configuration, longestSequence: longestSequence)
    let capacity = FloatMemory.capacity(
      for: [rows * d, tile * floatColumns, FloatMemory.floats(forBytes: scratch)]
        + Format.Rows.counts(rows: rows, columns: d) + Format.headCounts(configuration, rows: rows)
        + Format.Rows.counts(rows: tile, columns: block)
        + CodedHeadWorkspace<Format>.counts(configuration, sequences: Self.headSequences, longestSequence: longestSequence))
    let memory = try FloatMemory(capacity: capacity, purpose: "a lane's workspace")
    self.memory = memory
    self.rows = rows
    hidden = memory.take(rows * d)
    coded = Format.Rows(memory, rows: rows, columns: d)
    heads = Format.takeHeads(memory, configuration, rows: rows)
    inner = Format.Rows(memory, rows: tile, columns: block)
    floats = memory.take(tile * floatColumns)
    attention = UnsafeMutableRawPointer(memory.take(FloatMemory.floats(forBytes: scratch)))
    head = CodedHeadWorkspace(memory, configuration, sequences: Self.headSequences, longestSequence: longestSequence)
  }
}

/// Where the last layer and the head are computed, for up to `sequences` first tokens.
struct CodedHeadWorkspace<Format: NumberFormat> {
  /// (sequences, dim): the residual stream, and its codes or the context's.
  let first: UnsafeMutablePointer<Float>
  let coded: Format.Rows
  /// (sequences, dim): queries, later the context.
  let query: UnsafeMutablePointer<Float>
  /// (sequences, dim)
  let projected: UnsafeMutablePointer<Float>
  /// (sequences, heads, dim)
  let absorbed: UnsafeMutablePointer<Float>
  /// (heads, longest sequence)
  let scores: UnsafeMutablePointer<Float>
  /// (sequences, feedForwardBlock)
  let inner: Format.Rows
  let floats: UnsafeMutablePointer<Float>

  static func counts(_ configuration: ModelConfiguration, sequences: Int, longestSequence: Int) -> [Int] {
    let d = configuration.dimension
    let block = configuration.feedForwardBlock
    return [
      sequences * d, sequences * d, sequences * d, sequences * configuration.heads * d, configuration.heads * longestSequence,
      sequences * Format.floatColumns(configuration),
    ] + Format.Rows.counts(rows: sequences, columns: d) + Format.Rows.counts(rows: sequences, columns: block)
  }

  init(_ memory: FloatMemory, _ configuration: ModelConfiguration, sequences: Int, longestSequence: Int) {
    let d = configuration.dimension
    let block = configuration.feedForwardBlock
    first = memory.take(sequences * d)
    coded = Format.Rows(memory, rows: sequences, columns: d)
    query = memory.take(sequences * d)
    projected = memory.take(sequences * d)
    absorbed = memory.take(sequences * configuration.heads * d)
    scores = memory.take(configuration.heads * longestSequence)
    inner = Format.Rows(memory, rows: sequences, columns: block)
    floats = memory.take(sequences * Format.floatColumns(configuration))
  }
}
