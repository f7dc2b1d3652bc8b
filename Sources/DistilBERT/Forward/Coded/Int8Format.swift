import CKernels

/// Rows of activations as 8-bit codes, with a scale and a zero point to each.
struct Int8Rows: CodedRows {
  let codes: UnsafeMutablePointer<UInt8>
  /// Distance of rows in bytes.
  let stride: Int
  let scales: UnsafeMutablePointer<Float>
  let zeros: UnsafeMutablePointer<Int32>

  /// The rows from `row` on.
  subscript(from row: Int) -> Int8Rows {
    Int8Rows(codes: codes + row * stride, stride: stride, scales: scales + row, zeros: zeros + row)
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

/// 8-bit integers: the same bits on every kernel path.
struct Int8Format: NumberFormat {
  typealias Rows = Int8Rows
  typealias Linear = Int8Linear
  typealias Words = Int8Words
  typealias Heads = ck_i8_heads

  let kernels: ck_i8_kernels

  /// Their widest activations stay in the L2 cache.
  static var tileRows: Int { 56 }
  /// A thread's part of them is narrower, and each weight is read for more rows.
  static var teamTileRows: Int { 168 }

  /// As many as the model is wide: codes and weights of few channels share a scale.
  static func feedForwardBlock(_ configuration: ModelConfiguration) -> Int {
    min(configuration.hiddenDimension, roundUp(configuration.dimension, to: 16))
  }

  static func floatColumns(_ configuration: ModelConfiguration) -> Int {
    max(3 * configuration.dimension, feedForwardBlock(configuration))
  }

  static func headCounts(_ configuration: ModelConfiguration, rows: Int) -> [Int] {
    let scales = rows * configuration.heads
    let codes = FloatMemory.floats(forBytes: codeBytes(configuration, rows: rows))
    return [codes, codes, codes, scales, scales, scales]
  }

  static func takeHeads(_ memory: FloatMemory, _ configuration: ModelConfiguration, rows: Int) -> ck_i8_heads {
    let scales = rows * configuration.heads
    let codes = codeBytes(configuration, rows: rows)
    return ck_i8_heads(
      query: memory.takeBytes(codes, as: UInt8.self), key: memory.takeBytes(codes, as: Int8.self),
      value: memory.takeBytes(codes, as: Int8.self), query_scale: memory.take(scales), key_scale: memory.take(scales),
      value_scale: memory.take(scales))
  }

  private static func codeBytes(_ configuration: ModelConfiguration, rows: Int) -> Int {
    rows * ck_i8_depth(configuration.headDimension) * configuration.heads
  }

  static func attentionScratch(_ configuration: ModelConfiguration, longestSequence: Int) -> Int {
    ck_i8_attention_scratch(longestSequence, configuration.heads, configuration.headDimension)
  }

  func embed(
    _ ids: UnsafePointer<Int32>, count: Int, words: Int8Words, vocabulary: Int, positions: UnsafePointer<Float>,
    norm: LayerNorm, dimension: Int, for next: Int8Linear?, into states: UnsafeMutablePointer<Float>, _ coded: Int8Rows
  ) {
    _ = kernels.embed(
      ids, count, dimension, words.codes, words.scales, vocabulary, positions, norm.gamma, norm.beta, LayerNorm.epsilon,
      next?.factors, states, coded.codes, coded.stride, coded.scales, coded.zeros)
  }

  func normalise(
    _ states: UnsafeMutablePointer<Float>, rows: Int, dimension: Int, norm: LayerNorm, for next: Int8Linear?,
    into coded: Int8Rows
  ) {
    kernels.norm(
      states, rows, dimension, norm.gamma, norm.beta, LayerNorm.epsilon, next?.factors, coded.codes, coded.stride,
      coded.scales, coded.zeros)
  }

  func encode(
    _ x: UnsafePointer<Float>, ldx: Int, rows: Int, columns: Int, for linear: Int8Linear, into coded: Int8Rows
  ) {
    kernels.encode(x, ldx, rows, columns, linear.factors, coded.codes, coded.stride, coded.scales, coded.zeros)
  }

  func multiply(
    _ x: Int8Rows, rows: Int, by linear: Int8Linear, outputs: Range<Int>, into y: UnsafeMutablePointer<Float>, ldy: Int,
    accumulate: Bool
  ) {
    kernels.product(
      x.codes, x.stride, x.scales, x.zeros, rows, linear.weights, outputs.lowerBound, outputs.count,
      accumulate ? UnsafePointer(y) : nil, ldy, y, ldy)
  }

  func expand(
    _ x: Int8Rows, rows: Int, by linear: Int8Linear, outputs: Range<Int>, activation: ModelConfiguration.Activation,
    into inner: Int8Rows, floats: UnsafeMutablePointer<Float>, clock: StageClock
  ) {
    multiply(x, rows: rows, by: linear, outputs: outputs, into: floats, ldy: outputs.count, accumulate: false)
    clock.lap(.feedForwardIn)
    switch activation {
    case .gelu: kernels.gelu(floats, rows, outputs.count, inner.codes, inner.stride, inner.scales, inner.zeros)
    case .relu: kernels.relu(floats, rows, outputs.count, inner.codes, inner.stride, inner.scales, inner.zeros)
    }
    clock.lap(.activation)
  }

  func project(
    _ x: Int8Rows, rows: Int, by linear: Int8Linear, configuration: ModelConfiguration, into heads: ck_i8_heads, at row: Int,
    part: Range<Int>, floats: UnsafeMutablePointer<Float>, clock: StageClock
  ) {
    let headDimension = configuration.headDimension
    let outputs = part.lowerBound * headDimension..<part.upperBound * headDimension
    multiply(x, rows: rows, by: linear, outputs: outputs, into: floats, ldy: outputs.count, accumulate: false)
    clock.lap(.attentionInput)
    withUnsafePointer(to: heads) {
      kernels.split_heads(floats, rows, part.lowerBound, part.count, configuration.heads, headDimension, $0, row)
    }
    clock.lap(.attention)
  }

  func attend(
    _ heads: ck_i8_heads, row: Int, length: Int, queries: Range<Int>, configuration: ModelConfiguration, into context: Int8Rows,
    scratch: UnsafeMutableRawPointer
  ) {
    withUnsafePointer(to: heads) {
      kernels.attention(
        $0, row, length, configuration.heads, configuration.headDimension, queries.lowerBound, queries.count, context.codes,
        context.stride,
        context.scales, context.zeros, scratch)
    }
  }
}
