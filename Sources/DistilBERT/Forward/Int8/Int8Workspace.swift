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

/// The memory that one lane computes in at int8: sized once, never grown.
///
/// With R = `rows`, d = dimension, n = heads, L = longest sequence, T = `tileRows`, it is about
///
///     R·(8d + 12n)                          the residual stream and its codes; queries, keys, values and their scales
///     + T·13d                               a tile of the widest products, and its codes
///     + L·(2d + 16n) + 28·(5L + 8d)         attention
///     + 16·(23d + 4n·d) + 4n·L              the last layer and the head
///
/// bytes. For DistilBERT-base and 1,024 rows 9 MB, for the bundled model 5 MB.
struct Int8Workspace {
  /// Rows that go through the linear layers together: their widest activations should stay in the L2 cache.
  static let tileRows = 56
  /// Sequences whose last layer is computed at a time.
  static let headSequences = 16

  let memory: FloatMemory
  let rows: Int
  /// (rows, dim): the residual stream.
  let hidden: UnsafeMutablePointer<Float>
  /// (rows, dim): its codes; the context's between attention and its output layer.
  let coded: CodedRows
  let heads: ck_i8_heads
  /// (tileRows, max(3 · dim, feedForwardBlock))
  let wide: UnsafeMutablePointer<Float>
  let wideCoded: CodedRows
  let attention: UnsafeMutableRawPointer
  let head: Int8HeadWorkspace

  init(_ configuration: ModelConfiguration, rows: Int, longestSequence: Int) throws(ModelError) {
    let d = configuration.dimension
    let block = configuration.feedForwardBlock
    let count = configuration.heads
    let width = ck_i8_depth(configuration.headDimension) * count
    let tile = Self.tileRows
    let scratch = ck_i8_attention_scratch(longestSequence, count, configuration.headDimension)
    let rowBytes = FloatMemory.floats(forBytes: rows * width)
    let capacity = FloatMemory.capacity(
      for: [rows * d, rowBytes, rowBytes, rowBytes, rows * count, rows * count, rows * count, tile * max(3 * d, block)]
        + CodedRows.counts(rows: rows, columns: d) + CodedRows.counts(rows: tile, columns: block)
        + [FloatMemory.floats(forBytes: scratch)]
        + Int8HeadWorkspace.counts(configuration, sequences: Self.headSequences, longestSequence: longestSequence))
    let memory = try FloatMemory(capacity: capacity, purpose: "a lane's workspace at int8")
    self.memory = memory
    self.rows = rows
    hidden = memory.take(rows * d)
    coded = CodedRows(memory, rows: rows, columns: d)
    heads = ck_i8_heads(
      query: memory.takeBytes(rows * width, as: UInt8.self), key: memory.takeBytes(rows * width, as: Int8.self),
      value: memory.takeBytes(rows * width, as: Int8.self), query_scale: memory.take(rows * count),
      key_scale: memory.take(rows * count), value_scale: memory.take(rows * count))
    wide = memory.take(tile * max(3 * d, block))
    wideCoded = CodedRows(memory, rows: tile, columns: block)
    attention = UnsafeMutableRawPointer(memory.take(FloatMemory.floats(forBytes: scratch)))
    head = Int8HeadWorkspace(memory, configuration, sequences: Self.headSequences, longestSequence: longestSequence)
  }
}

/// Where the last layer and the head are computed, for up to `sequences` first tokens.
struct Int8HeadWorkspace {
  /// (sequences, dim): the residual stream, and its codes or the context's.
  let first: UnsafeMutablePointer<Float>
  let coded: CodedRows
  /// (sequences, dim): queries, later the context.
  let query: UnsafeMutablePointer<Float>
  /// (sequences, dim)
  let projected: UnsafeMutablePointer<Float>
  /// (sequences, heads, dim)
  let absorbed: UnsafeMutablePointer<Float>
  /// (heads, longest sequence)
  let scores: UnsafeMutablePointer<Float>
  /// (sequences, feedForwardBlock)
  let inner: UnsafeMutablePointer<Float>
  let innerCoded: CodedRows

  static func counts(_ configuration: ModelConfiguration, sequences: Int, longestSequence: Int) -> [Int] {
    let d = configuration.dimension
    let block = configuration.feedForwardBlock
    return [
      sequences * d, sequences * d, sequences * d, sequences * configuration.heads * d, configuration.heads * longestSequence,
      sequences * block,
    ] + CodedRows.counts(rows: sequences, columns: d) + CodedRows.counts(rows: sequences, columns: block)
  }

  init(_ memory: FloatMemory, _ configuration: ModelConfiguration, sequences: Int, longestSequence: Int) {
    let d = configuration.dimension
    let block = configuration.feedForwardBlock
    first = memory.take(sequences * d)
    coded = CodedRows(memory, rows: sequences, columns: d)
    query = memory.take(sequences * d)
    projected = memory.take(sequences * d)
    absorbed = memory.take(sequences * configuration.heads * d)
    scores = memory.take(configuration.heads * longestSequence)
    inner = memory.take(sequences * block)
    innerCoded = CodedRows(memory, rows: sequences, columns: block)
  }
}
