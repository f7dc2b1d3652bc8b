import CKernels

/// Rows of activations as 8-bit codes, with a scale and a zero point to each.
struct CodedRows {
  let codes: UnsafeMutablePointer<UInt8>
  /// Distance of rows in bytes.
  let stride: Int
  let scales: UnsafeMutablePointer<Float>
  let zeros: UnsafeMutablePointer<Int32>

  /// The rows from `row` on.
  subscript(from row: Int) -> CodedRows {
    CodedRows(codes: codes + row * stride, stride: stride, scales: scales + row, zeros: zeros + row)
  }

  /// Takes room for `rows` × `columns`.
  init(_ memory: FloatMemory, rows: Int, columns: Int) {
    let stride = ck_i8_depth(columns)
    self.init(
      codes: memory.takeBytes(rows * stride, as: UInt8.self), stride: stride, scales: memory.take(rows),
      zeros: memory.takeBytes(4 * rows, as: Int32.self))
  }

  private init(
    codes: UnsafeMutablePointer<UInt8>, stride: Int, scales: UnsafeMutablePointer<Float>, zeros: UnsafeMutablePointer<Int32>
  ) {
    self.codes = codes
    self.stride = stride
    self.scales = scales
    self.zeros = zeros
  }

  static func counts(rows: Int, columns: Int) -> [Int] {
    [FloatMemory.floats(forBytes: rows * ck_i8_depth(columns)), rows, rows]
  }
}

/// The memory that the threads of one lane compute in at int8, as one of them sees it: sized once, never grown.
///
/// With R = `rows`, d = dimension, h = hidden dimension, n = heads, L = longest sequence, T = `tileRows`, it is about
///
///     R·(8d + 12n)                          the residual stream and its codes; queries, keys, values and their scales
///     + T·13d                               a tile of the widest products, and its codes
///     + L·(2d + 16n) + 28·(5L + 8d)         attention
///     + 16·(22d + h + 4n·d) + 4n·L          the last layer and the head
///
/// bytes. For DistilBERT-base and 1,024 rows 9 MB, for the bundled model 5 MB. Each further thread needs the second and third, and
/// 16·9d.
struct Int8Workspace {
  /// Rows that go through the linear layers together: their widest activations should stay in the L2 cache.
  static let tileRows = 56
  /// Sequences whose last layer is computed at a time.
  static let headSequences = 16

  let memory: FloatMemory
  let rows: Int
  let longestSequence: Int

  // Shared. A thread writes its own rows.

  /// (rows, dim): the residual stream.
  let hidden: UnsafeMutablePointer<Float>
  /// (rows, dim): its codes; the context's between attention and its output layer.
  let coded: CodedRows
  let heads: ck_i8_heads

  // The thread's own.

  /// (tileRows, max(3 · dim, feedForwardBlock))
  let wide: UnsafeMutablePointer<Float>
  let wideCoded: CodedRows
  let attention: UnsafeMutableRawPointer

  let head: Int8HeadWorkspace

  /// The workspace of a lane, once for each thread.
  static func team(
    of threads: Int, _ configuration: ModelConfiguration, rows: Int, longestSequence: Int
  ) throws(ModelError) -> [Int8Workspace] {
    let d = configuration.dimension
    let count = configuration.heads
    let rowBytes = FloatMemory.floats(forBytes: rows * ck_i8_depth(configuration.headDimension) * count)
    let scratch = ck_i8_attention_scratch(longestSequence, count, configuration.headDimension)
    let block = configuration.feedForwardBlock
    let shared =
      [rows * d, rowBytes, rowBytes, rowBytes, rows * count, rows * count, rows * count]
      + CodedRows.counts(rows: rows, columns: d)
      + Int8HeadWorkspace.sharedCounts(configuration, sequences: headSequences, longestSequence: longestSequence)
    let own =
      [tileRows * max(3 * d, block), FloatMemory.floats(forBytes: scratch)] + CodedRows.counts(rows: tileRows, columns: block)
      + Int8HeadWorkspace.ownCounts(configuration, sequences: headSequences)
    let memory = try FloatMemory(
      capacity: FloatMemory.capacity(for: shared) + threads * FloatMemory.capacity(for: own),
      purpose: "a lane's workspace at int8")
    var result: [Int8Workspace] = []
    for _ in 0..<threads {
      result.append(
        Int8Workspace(memory, configuration, rows: rows, longestSequence: longestSequence, beside: result.first))
    }
    return result
  }

  /// Takes all of it; or what is a thread's own, beside another's.
  private init(
    _ memory: FloatMemory, _ configuration: ModelConfiguration, rows: Int, longestSequence: Int, beside other: Int8Workspace?
  ) {
    let d = configuration.dimension
    let block = configuration.feedForwardBlock
    let count = configuration.heads
    let width = ck_i8_depth(configuration.headDimension) * count
    self.memory = memory
    self.rows = rows
    self.longestSequence = longestSequence
    hidden = other?.hidden ?? memory.take(rows * d)
    coded = other?.coded ?? CodedRows(memory, rows: rows, columns: d)
    heads =
      other?.heads
      ?? ck_i8_heads(
        query: memory.takeBytes(rows * width, as: UInt8.self), key: memory.takeBytes(rows * width, as: Int8.self),
        value: memory.takeBytes(rows * width, as: Int8.self), query_scale: memory.take(rows * count),
        key_scale: memory.take(rows * count), value_scale: memory.take(rows * count))
    wide = memory.take(Self.tileRows * max(3 * d, block))
    wideCoded = CodedRows(memory, rows: Self.tileRows, columns: block)
    attention = UnsafeMutableRawPointer(
      memory.take(FloatMemory.floats(forBytes: ck_i8_attention_scratch(longestSequence, count, configuration.headDimension))))
    head = Int8HeadWorkspace(
      memory, configuration, sequences: Self.headSequences, longestSequence: longestSequence, beside: other?.head)
  }
}

/// Where the last layer and the head are computed, for up to `sequences` first tokens, as one thread sees it.
struct Int8HeadWorkspace {
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
  let innerCoded: CodedRows
  /// (sequences, dim)
  let projected: UnsafeMutablePointer<Float>

  // The thread's own.

  /// (sequences, dim): the residual stream, and its codes or the context's.
  let first: UnsafeMutablePointer<Float>
  let coded: CodedRows
  /// (sequences, feedForwardBlock)
  let inner: UnsafeMutablePointer<Float>

  static func sharedCounts(_ configuration: ModelConfiguration, sequences: Int, longestSequence: Int) -> [Int] {
    let d = configuration.dimension
    return [
      sequences * d, sequences * configuration.heads * d, configuration.heads * longestSequence, sequences * d, sequences * d,
    ] + CodedRows.counts(rows: configuration.feedForwardBlocks * sequences, columns: configuration.feedForwardBlock)
  }

  static func ownCounts(_ configuration: ModelConfiguration, sequences: Int) -> [Int] {
    let d = configuration.dimension
    return [sequences * d, sequences * configuration.feedForwardBlock] + CodedRows.counts(rows: sequences, columns: d)
  }

  /// Takes all of it; or what is a thread's own, beside another's.
  init(
    _ memory: FloatMemory, _ configuration: ModelConfiguration, sequences: Int, longestSequence: Int,
    beside other: Int8HeadWorkspace?
  ) {
    let d = configuration.dimension
    let block = configuration.feedForwardBlock
    query = other?.query ?? memory.take(sequences * d)
    absorbed = other?.absorbed ?? memory.take(sequences * configuration.heads * d)
    scores = other?.scores ?? memory.take(configuration.heads * longestSequence)
    sums = other?.sums ?? memory.take(sequences * d)
    innerCoded =
      other?.innerCoded ?? CodedRows(memory, rows: configuration.feedForwardBlocks * sequences, columns: block)
    projected = other?.projected ?? memory.take(sequences * d)
    first = memory.take(sequences * d)
    coded = CodedRows(memory, rows: sequences, columns: d)
    inner = memory.take(sequences * block)
  }
}
