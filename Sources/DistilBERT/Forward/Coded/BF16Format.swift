import CKernels

/// Rows of activations in bf16.
struct BF16Rows: CodedRows {
  let elements: UnsafeMutablePointer<UInt16>
  /// Distance of rows in elements.
  let stride: Int

  subscript(from row: Int) -> BF16Rows { BF16Rows(elements: elements + row * stride, stride: stride) }

  init(_ memory: FloatMemory, rows: Int, columns: Int) {
    let stride = ck_bf16_depth(columns)
    self.init(elements: memory.takeBytes(2 * rows * stride, as: UInt16.self), stride: stride)
  }

  private init(elements: UnsafeMutablePointer<UInt16>, stride: Int) {
    self.elements = elements
    self.stride = stride
  }

  static func counts(rows: Int, columns: Int) -> [Int] { [FloatMemory.floats(forBytes: 2 * rows * ck_bf16_depth(columns))] }
}

/// bf16, on CPUs with products of it. Nothing but the head's few rows needs f32 between a product and the next: activations and
/// heads are rounded as they leave the sums.
struct BF16Format: NumberFormat {
  typealias Rows = BF16Rows
  typealias Linear = BF16Linear
  /// (vocabulary, dim)
  typealias Words = UnsafePointer<UInt16>
  /// (rows, 3 · dim): queries, keys, values.
  typealias Heads = BF16Rows

  let kernels: ck_bf16_kernels

  /// More than the L2 cache holds: weights are twice as large as at int8, and should come from far away seldom. The product
  /// itself divides the rows into blocks that the cache holds, and fetches ahead what it will add to.
  static var tileRows: Int { 504 }
  static var teamTileRows: Int { tileRows }

  /// So many that the weights of a block stay in the L2 cache from one block of rows to the next.
  static func feedForwardBlock(_ configuration: ModelConfiguration) -> Int { min(configuration.hiddenDimension, 768) }

  static func floatColumns(_ configuration: ModelConfiguration) -> Int { 0 }

  static func headCounts(_ configuration: ModelConfiguration, rows: Int) -> [Int] {
    BF16Rows.counts(rows: rows, columns: 3 * configuration.dimension)
  }

  static func takeHeads(_ memory: FloatMemory, _ configuration: ModelConfiguration, rows: Int) -> BF16Rows {
    BF16Rows(memory, rows: rows, columns: 3 * configuration.dimension)
  }

  static func attentionScratch(_ configuration: ModelConfiguration, longestSequence: Int) -> Int {
    ck_bf16_attention_scratch(longestSequence, configuration.headDimension)
  }

  func embed(
    _ ids: UnsafePointer<Int32>, count: Int, words: UnsafePointer<UInt16>, vocabulary: Int, positions: UnsafePointer<Float>,
    norm: LayerNorm, dimension: Int, for next: BF16Linear?, into states: UnsafeMutablePointer<Float>, _ coded: BF16Rows
  ) {
    _ = kernels.embed(
      ids, count, dimension, words, vocabulary, positions, norm.gamma, norm.beta, LayerNorm.epsilon, states, coded.elements,
      coded.stride)
  }

  func normalise(
    _ states: UnsafeMutablePointer<Float>, rows: Int, dimension: Int, norm: LayerNorm, for next: BF16Linear?,
    into coded: BF16Rows
  ) {
    kernels.norm(states, rows, dimension, norm.gamma, norm.beta, LayerNorm.epsilon, coded.elements, coded.stride)
  }

  func encode(
    _ x: UnsafePointer<Float>, ldx: Int, rows: Int, columns: Int, for linear: BF16Linear, into coded: BF16Rows
  ) {
    kernels.round_rows(x, ldx, rows, columns, coded.elements, coded.stride)
  }

  func multiply(
    _ x: BF16Rows, rows: Int, by linear: BF16Linear, outputs: Range<Int>, into y: UnsafeMutablePointer<Float>, ldy: Int,
    accumulate: Bool
  ) {
    kernels.product(
      x.elements, x.stride, rows, linear.weights, outputs.lowerBound, outputs.count, accumulate ? UnsafePointer(y) : nil, ldy, y,
      ldy)
  }

  func expand(
    _ x: BF16Rows, rows: Int, by linear: BF16Linear, outputs: Range<Int>, activation: ModelConfiguration.Activation,
    into inner: BF16Rows, floats: UnsafeMutablePointer<Float>, clock: StageClock
  ) {
    let function =
      switch activation {
      case .gelu: CK_BF16_GELU
      case .relu: CK_BF16_RELU
      }
    kernels.product_rows(
      x.elements, x.stride, rows, linear.weights, outputs.lowerBound, outputs.count, function, inner.elements, inner.stride)
    clock.lap(.feedForwardIn)
  }

  func project(
    _ x: BF16Rows, rows: Int, by linear: BF16Linear, configuration: ModelConfiguration, into heads: BF16Rows, at row: Int,
    part: Range<Int>, floats: UnsafeMutablePointer<Float>, clock: StageClock
  ) {
    let heads = heads[from: row]
    let first = part.lowerBound * configuration.headDimension
    kernels.product_rows(
      x.elements, x.stride, rows, linear.weights, first, part.count * configuration.headDimension, CK_BF16_LINEAR,
      heads.elements + first, heads.stride)
    clock.lap(.attentionInput)
  }

  func attend(
    _ heads: BF16Rows, row: Int, length: Int, queries: Range<Int>, configuration: ModelConfiguration, into context: BF16Rows,
    scratch: UnsafeMutableRawPointer
  ) {
    kernels.attention(
      heads[from: row].elements, heads.stride, length, configuration.heads, configuration.headDimension, queries.lowerBound,
      queries.count,
      context.elements, context.stride, scratch)
  }
}
