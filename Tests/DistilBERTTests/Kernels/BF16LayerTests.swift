import CKernels
import Foundation
import Testing

@testable import DistilBERT

enum BF16Support {
  static let isHere = KernelPath.best.bf16Kernels != nil
  static func kernels() throws -> ck_bf16_kernels { try #require(KernelPath.best.bf16Kernels) }

  static func value(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }
  /// To nearest, ties to even.
  static func bits(_ value: Float) -> UInt16 {
    UInt16(truncatingIfNeeded: (value.bitPattern &+ 0x7fff &+ (value.bitPattern >> 16 & 1)) >> 16)
  }
}

/// What stands between the bf16 products, against its definition in plain Swift.
@Suite(.enabled(if: BF16Support.isHere, "this CPU has no AVX-512 BF16"))
struct BF16LayerTests {
  private let kernels: ck_bf16_kernels

  init() throws { kernels = try BF16Support.kernels() }

  @Test func `layer norm is that of f32, and its rows are rounded and padded with zero`() {
    var random = RepeatableNumbers(state: 31)
    for columns in [1, 8, 20, 33, 48, 384] {
      let (gamma, beta) = (random.floats(columns), random.floats(columns))
      let depth = ck_bf16_depth(columns)
      var x = random.floats(5 * columns, within: 3)
      var expected = x
      let zero = [Float](repeating: 0, count: columns)
      KernelPath.best.kernels.bias_layer_norm(&expected, 5, columns, zero, gamma, beta, 1e-12)
      var rounded = [UInt16](repeating: 0x7fc0, count: 5 * depth)
      kernels.norm(&x, 5, columns, gamma, beta, 1e-12, &rounded, depth)
      #expect(x == expected)
      for row in 0..<5 {
        #expect((0..<columns).allSatisfy { rounded[row * depth + $0] == BF16Support.bits(x[row * columns + $0]) })
        #expect(rounded[row * depth + columns..<(row + 1) * depth].allSatisfy { $0 == 0 })
      }
    }
  }

  @Test func `embedding adds words and positions, and tells the first id outside the vocabulary`() {
    var random = RepeatableNumbers(state: 32)
    for columns in [4, 20, 64] {
      let depth = ck_bf16_depth(columns)
      let words = random.floats(7 * columns).map(BF16Support.bits)
      let (positions, gamma, beta) = (random.floats(3 * columns), random.floats(columns), random.floats(columns))
      let ids: [Int32] = [6, 0, 3]
      var expected = (0..<3 * columns).map {
        BF16Support.value(words[Int(ids[$0 / columns]) * columns + $0 % columns]) + positions[$0]
      }
      let zero = [Float](repeating: 0, count: columns)
      KernelPath.best.kernels.bias_layer_norm(&expected, 3, columns, zero, gamma, beta, 1e-12)
      var x = [Float](repeating: 0, count: 3 * columns)
      var rounded = [UInt16](repeating: 0, count: 3 * depth)
      #expect(kernels.embed(ids, 3, columns, words, 7, positions, gamma, beta, 1e-12, &x, &rounded, depth) == -1)
      #expect(x == expected)
      #expect(rounded[2 * depth] == BF16Support.bits(x[2 * columns]))
      for bad: Int32 in [-1, 7, .max] {
        #expect(kernels.embed([1, bad], 2, columns, words, 7, positions, gamma, beta, 1e-12, &x, &rounded, depth) == 1)
      }
    }
  }

  @Test(arguments: [(3, 20, 20), (15, 8, 48), (30, 70, 33), (1, 64, 7)])
  func `a product's rows are those of f32, activated and rounded`(rows: Int, inputs: Int, channels: Int) {
    var random = RepeatableNumbers(state: 33)
    let depth = ck_bf16_depth(inputs)
    let outDepth = ck_bf16_depth(channels)
    let source = random.floats(rows * inputs, within: 2)
    var x = [UInt16](repeating: 0, count: rows * depth)
    kernels.round_rows(source, inputs, rows, inputs, &x, depth)
    var panels = [UInt16](repeating: 0, count: ck_bf16_panel_elements(channels, inputs))
    var bias = [Float](repeating: 0, count: roundedUp(channels, to: 16))
    panels.withUnsafeMutableBufferPointer { panels in
      bias.withUnsafeMutableBufferPointer { bias in
        var weights = ck_bf16_weights(
          panels: panels.baseAddress!, bias: bias.baseAddress!, channels: channels, inputs: inputs)
        let w = random.floats(channels * inputs)
        #expect(ck_bf16_pack(w, inputs, channels, random.floats(channels), 0, &weights) == -1)
        var plain = [Float](repeating: 0, count: rows * channels)
        kernels.product(x, depth, rows, &weights, 0, channels, nil, 0, &plain, channels)
        var gelu = plain
        KernelPath.best.kernels.bias_gelu(&gelu, rows, channels, [Float](repeating: 0, count: channels))
        for (activation, expected) in [
          (CK_BF16_LINEAR, plain), (CK_BF16_GELU, gelu), (CK_BF16_RELU, plain.map { max($0, 0) }),
        ] {
          var out = [UInt16](repeating: 0x7fc0, count: rows * outDepth)
          kernels.product_rows(x, depth, rows, &weights, 0, channels, activation, &out, outDepth)
          for row in 0..<rows {
            let found = out[row * outDepth..<(row + 1) * outDepth]
            let wanted = expected[row * channels..<(row + 1) * channels].map(BF16Support.bits)
            // The GELU itself is right to 2e-4, so that now and then a result is rounded to the neighbour.
            let isExact = activation != CK_BF16_GELU
            #expect(zip(found, wanted).allSatisfy { $0 == $1 || !isExact && abs(Int($0) - Int($1)) == 1 })
            #expect(found.dropFirst(channels).allSatisfy { $0 == 0 })
          }
        }
      }
    }
  }

  @Test func `GELU is right to a few parts in 10,000 before it is rounded, whatever its size`() {
    // x·1 + 0: the weights are a one, so that the product is x itself.
    let x =
      (-700...700).map { BF16Support.value(BF16Support.bits(Float($0) / 100)) } + [-30, -3e38, 3e38, .nan, .infinity, -.infinity]
    let depth = ck_bf16_depth(1)
    var rows = [UInt16](repeating: 0, count: x.count * depth)
    kernels.round_rows(x, 1, x.count, 1, &rows, depth)
    var panels = [UInt16](repeating: 0, count: ck_bf16_panel_elements(1, 1))
    var bias = [Float](repeating: 0, count: 16)
    var out = [UInt16](repeating: 0, count: x.count * depth)
    panels.withUnsafeMutableBufferPointer { panels in
      bias.withUnsafeMutableBufferPointer { bias in
        var weights = ck_bf16_weights(panels: panels.baseAddress!, bias: bias.baseAddress!, channels: 1, inputs: 1)
        #expect(ck_bf16_pack([1], 1, 1, nil, 0, &weights) == -1)
        kernels.product_rows(rows, depth, x.count, &weights, 0, 1, CK_BF16_GELU, &out, depth)
      }
    }
    for (index, x) in x.enumerated() {
      let found = Double(BF16Support.value(out[index * depth]))
      if x.isFinite {
        let exact = Double(x) * erfc(-Double(x) / 2.0.squareRoot()) / 2
        #expect(abs(found - exact) <= abs(exact) * (0x1p-8 + 3e-4) + 3e-10, "GELU of \(x)")
      } else {
        #expect(!found.isFinite)
      }
    }
  }

  // MARK: Attention

  /// Context of the tokens `queries` of one sequence, by the kernel. `x`: (length, 3 · heads · headDimension).
  private func attention(_ x: [UInt16], length: Int, queries: Range<Int>, heads: Int, headDimension: Int) -> [UInt16] {
    let d = heads * headDimension
    let depth = ck_bf16_depth(d)
    let scratch = UnsafeMutableRawPointer.allocate(
      byteCount: ck_bf16_attention_scratch(length, headDimension), alignment: 64)
    defer { scratch.deallocate() }
    var out = [UInt16](repeating: 0x7fc0, count: length * depth)
    kernels.attention(x, 3 * d, length, heads, headDimension, queries.lowerBound, queries.count, &out, depth, scratch)
    for row in 0..<length {
      let padding = out[row * depth + d..<(row + 1) * depth]
      #expect(padding.allSatisfy { $0 == (queries.contains(row) ? 0 : 0x7fc0) })
    }
    return queries.flatMap { out[$0 * depth..<$0 * depth + d] }
  }

  private func exactAttention(_ x: [UInt16], length: Int, heads: Int, headDimension: Int) -> [Double] {
    let d = heads * headDimension
    var result: [Double] = []
    for row in 0..<length {
      for head in 0..<heads {
        func part(_ which: Int, _ token: Int, _ c: Int) -> Double {
          Double(BF16Support.value(x[token * 3 * d + which * d + head * headDimension + c]))
        }
        let scores = (0..<length).map { token in
          (0..<headDimension).reduce(0) { $0 + part(0, row, $1) * part(1, token, $1) }
        }
        let top = scores.max() ?? 0
        let weights = scores.map { exp($0 - top) }
        let total = weights.reduce(0, +)
        for c in 0..<headDimension { result.append((0..<length).reduce(0) { $0 + weights[$1] * part(2, $1, c) } / total) }
      }
    }
    return result
  }

  @Test(arguments: [32, 64, 20, 4])
  func `attention is near the exact one at every length, and the same bits for any part of the queries`(headDimension: Int) {
    var random = RepeatableNumbers(state: 34)
    let heads = 2
    var worst = 0.0
    for length in 1...70 {
      let x = random.floats(length * 3 * heads * headDimension, within: 1.5).map(BF16Support.bits)
      let found = attention(x, length: length, queries: 0..<length, heads: heads, headDimension: headDimension)
      let exact = exactAttention(x, length: length, heads: heads, headDimension: headDimension)
      for (value, right) in zip(found, exact) { worst = max(worst, abs(Double(BF16Support.value(value)) - right)) }
      let split = Int.random(in: 0..<length, using: &random)
      let parts = [0..<split, split..<length].filter { !$0.isEmpty }.flatMap {
        attention(x, length: length, queries: $0, heads: heads, headDimension: headDimension)
      }
      #expect(parts == found)
    }
    print("bf16 attention, heads of \(headDimension): largest difference \(worst)")
    #expect(worst < 0.01, "values up to 1.5, which bf16 rounds to within 0.004, and probabilities to within 0.2 percent")
  }

  @Test(arguments: [Float.nan, .infinity])
  func `a number that is none makes the context of who attends to it one, and no other's`(bad: Float) {
    let (length, heads, width) = (19, 2, 16)
    var random = RepeatableNumbers(state: 35)
    var x = random.floats(length * 3 * heads * width).map(BF16Support.bits)
    x[5 * 3 * heads * width + width + 3] = BF16Support.bits(bad)  // the query of token 5, head 1
    let context = attention(x, length: length, queries: 0..<length, heads: heads, headDimension: width)
    for row in 0..<length {
      for c in 0..<heads * width {
        #expect(BF16Support.value(context[row * heads * width + c]).isFinite == !(row == 5 && c >= width))
      }
    }
    x[7 * 3 * heads * width + heads * width] = BF16Support.bits(.nan)  // the key of token 7, head 0
    let all = attention(x, length: length, queries: 0..<length, heads: heads, headDimension: width)
    #expect((0..<length).allSatisfy { BF16Support.value(all[$0 * heads * width]).isNaN })
  }

  @Test func `a table of words is rounded, and what bf16 cannot hold is found`() {
    let values: [Float] = [1, 1.00390625, -2.005, 0, 3.3e38]
    var table = [UInt16](repeating: 0, count: 5)
    #expect(ck_bf16_table(values, 5, &table) == -1)
    #expect(table == values.map(BF16Support.bits))
    for bad: Float in [.nan, .infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude] {
      #expect(ck_bf16_table([1, 2, bad, bad], 4, &table) == 2)
    }
  }
}
