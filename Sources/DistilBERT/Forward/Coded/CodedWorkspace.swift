import CKernels

/// The memory that the threads of one lane compute in at int8 or bf16, as one of them sees it: sized once, never grown.
///
/// With R = `rows`, d = dimension, h = hidden dimension, n = heads, L = longest sequence, T = `tileRows`, it is at int8 about
///
///     R·(8d + 12n)                          the residual stream and its codes; queries, keys, values and their scales
///     + T·12d + T·d                         a tile of the widest products, and the codes of another
///     + L·(2d + 16n) + 28·(5L + 8d)         attention
///     + 16·(22d + h + 4n·d) + 4n·L          the last layer and the head
///
/// bytes. For DistilBERT-base and 1,024 rows 9 MB, for the bundled model 5 MB; at bf16 12 MB and 7 MB. Several threads share
/// larger tiles (`teamTileRows`); each needs the second and third, and 16·9d.
struct CodedWorkspace<Format: NumberFormat> {
  /// Sequences whose last layer is computed at a time.
  static var headSequences: Int { 16 }

  let memory: FloatMemory
  let rows: Int
  let longestSequence: Int

  // Shared. A thread writes its own rows, columns or blocks.

  /// (rows, dim): the residual stream.
  let hidden: UnsafeMutablePointer<Float>
  /// (rows, dim): its codes; the context's between attention and its output layer.
  let coded: Format.Rows
  let heads: Format.Heads
  /// (threads, tileRows, feedForwardBlock): a block of a tile from each thread.
  let inner: Format.Rows
  /// Rows of a tile.
  let tileRows: Int

  // The thread's own.

  /// What the format needs for a tile.
  let floats: UnsafeMutablePointer<Float>
  let attention: UnsafeMutableRawPointer

  let head: CodedHeadWorkspace<Format>

  /// The workspace of a lane, once for each thread.
  static func team(
    of threads: Int, _ configuration: ModelConfiguration, rows: Int, longestSequence: Int
  ) throws(ModelError) -> [CodedWorkspace] {
    let d = configuration.dimension
    let tile = min(threads == 1 ? Format.tileRows : Format.teamTileRows, rows)
    let scratch = Format.attentionScratch(configuration, longestSequence: longestSequence)
    let shared =
      [rows * d] + Format.headCounts(configuration, rows: rows) + Format.Rows.counts(rows: rows, columns: d)
      + Format.Rows.counts(rows: threads * tile, columns: Format.feedForwardBlock(configuration))
      + CodedHeadWorkspace<Format>.sharedCounts(configuration, sequences: headSequences, longestSequence: longestSequence)
    let own =
      [tile * Format.floatColumns(configuration), FloatMemory.floats(forBytes: scratch)]
      + CodedHeadWorkspace<Format>.ownCounts(configuration, sequences: headSequences)
    let memory = try FloatMemory(
      capacity: FloatMemory.capacity(for: shared) + threads * FloatMemory.capacity(for: own),
      purpose: "a lane's workspace")
    var result: [CodedWorkspace] = []
    for _ in 0..<threads {
      result.append(
        CodedWorkspace(
          memory, configuration, rows: rows, tileRows: tile, threads: threads, longestSequence: longestSequence,
          beside: result.first))
    }
    return result
  }

  /// Takes all of it; or what is a thread's own, beside another's.
  private init(
    _ memory: FloatMemory, _ configuration: ModelConfiguration, rows: Int, tileRows: Int, threads: Int, longestSequence: Int,
    beside other: CodedWorkspace?
  ) {
    let d = configuration.dimension
    self.memory = memory
    self.rows = rows
    self.tileRows = tileRows
    self.longestSequence = longestSequence
    hidden = other?.hidden ?? memory.take(rows * d)
    coded = other?.coded ?? Format.Rows(memory, rows: rows, columns: d)
    heads = other?.heads ?? Format.takeHeads(memory, configuration, rows: rows)
    inner =
      other?.inner
      ?? Format.Rows(memory, rows: threads * tileRows, columns: Format.feedForwardBlock(configuration))
    floats = memory.take(tileRows * Format.floatColumns(configuration))
    attention = UnsafeMutableRawPointer(
      memory.take(
        FloatMemory.floats(forBytes: Format.attentionScratch(configuration, longestSequence: longestSequence))))
    head = CodedHeadWorkspace(
      memory, configuration, sequences: Self.headSequences, longestSequence: longestSequence, beside: other?.head)
  }
}

/// Where the last layer and the head are computed, for up to `sequences` first tokens, as one thread sees it.
struct CodedHeadWorkspace<Format: NumberFormat> {
  // Shared. A thread writes its own heads, columns or blocks.

  /// (sequences, dim): queries, later the context.
  let query: UnsafeMutablePointer<Float>
  /// (sequences, heads, dim)
  let absorbed: UnsafeMutablePointer<Float>
  /// (heads, longest sequence)
  let scores: UnsafeMutablePointer<Float>
  /// (sequences, dim): the residual stream before a layer norm.
  let sums: UnsafeMutablePointer<Float>
  /// (blocks, sequences, feedForwardBlock)
  let inner: Format.Rows
  /// (sequences, dim)
  let projected: UnsafeMutablePointer<Float>

  // The thread's own.

  /// (sequences, dim): the residual stream, and its codes or the context's.
  let first: UnsafeMutablePointer<Float>
  let coded: Format.Rows
  let floats: UnsafeMutablePointer<Float>

  static func sharedCounts(_ configuration: ModelConfiguration, sequences: Int, longestSequence: Int) -> [Int] {
    let d = configuration.dimension
    return [
      sequences * d, sequences * configuration.heads * d, configuration.heads * longestSequence, sequences * d, sequences * d,
    ]
      + Format.Rows.counts(
        rows: Format.feedForwardBlocks(configuration) * sequences, columns: Format.feedForwardBlock(configuration))
  }

  static func ownCounts(_ configuration: ModelConfiguration, sequences: Int) -> [Int] {
    let d = configuration.dimension
    return [sequences * d, sequences * Format.floatColumns(configuration)] + Format.Rows.counts(rows: sequences, columns: d)
  }

  /// Takes all of it; or what is a thread's own, beside another's.
  init(
    _ memory: FloatMemory, _ configuration: ModelConfiguration, sequences: Int, longestSequence: Int,
    beside other: CodedHeadWorkspace?
  ) {
    let d = configuration.dimension
    let block = Format.feedForwardBlock(configuration)
    query = other?.query ?? memory.take(sequences * d)
    absorbed = other?.absorbed ?? memory.take(sequences * configuration.heads * d)
    scores = other?.scores ?? memory.take(configuration.heads * longestSequence)
    sums = other?.sums ?? memory.take(sequences * d)
    inner =
      other?.inner ?? Format.Rows(memory, rows: Format.feedForwardBlocks(configuration) * sequences, columns: block)
    projected = other?.projected ?? memory.take(sequences * d)
    first = memory.take(sequences * d)
    coded = Format.Rows(memory, rows: sequences, columns: d)
    floats = memory.take(sequences * Format.floatColumns(configuration))
  }
}
