import CKernels
import Foundation
import Testing

@testable import DistilBERT

/// What stands between the int8 products, against its definition. Every path's bits are compared with the portable ones through
/// the engine (Int8PathTests) and by scripts/kernels-emulated.
@Suite struct Int8LayerTests {
  private let kernels = KernelPath.best.int8Kernels

  /// Rows as a kernel left them: x, and what their codes stand for.
  private struct Rows {
    var x: [Float]
    var scales: [Float]
    var zeros: [Int32]
    var codes: [UInt8]
    let columns: Int

    init(_ x: [Float], columns: Int) {
      self.x = x
      self.columns = columns
      let rows = x.count / columns
      scales = .init(repeating: -1, count: rows)
      zeros = .init(repeating: -1, count: rows)
      codes = .init(repeating: 99, count: rows * ck_i8_depth(columns))
    }

    var decoded: [Float] {
      x.indices.map { i in
        let (row, column) = i.quotientAndRemainder(dividingBy: columns)
        return scales[row] * Float(Int32(codes[row * ck_i8_depth(columns) + column]) - zeros[row])
      }
    }

    /// The largest error of the codes against `expected`, in steps of the codes.
    func error(_ expected: [Float]) -> Float {
      zip(decoded, expected).enumerated().map { abs($1.0 - $1.1) / max(scales[$0 / columns], 1e-30) }.max() ?? 0
    }
  }

  @Test func `GELU is near the exact one, and its codes within half a step`() {
    var random = RepeatableNumbers(state: 21)
    for columns in [1, 16, 33, 700] {
      var rows = Rows(random.floats(3 * columns, within: 6), columns: columns)
      var exact = rows.x
      KernelPath.best.kernels.bias_gelu(&exact, 3, columns, [Float](repeating: 0, count: columns))
      kernels.gelu(&rows.x, 3, columns, &rows.codes, ck_i8_depth(columns), &rows.scales, &rows.zeros)
      let worst = zip(rows.x, exact).map { abs($0 - $1) }.max() ?? 1
      #expect(worst < 3e-4, "at most 6 · 4e-5 off")
      #expect(rows.error(rows.x) < 0.51)
    }
  }

  @Test func `layer norm leaves f32 rows, and codes of the rows times the factors`() {
    var random = RepeatableNumbers(state: 22)
    for columns in [1, 20, 48, 384] {
      let (gamma, beta) = (random.floats(columns), random.floats(columns))
      let factors = random.floats(columns).map { abs($0) + 0.5 }
      var rows = Rows(random.floats(5 * columns, within: 3), columns: columns)
      var expected = rows.x
      KernelPath.best.kernels.bias_layer_norm(
        &expected, 5, columns, [Float](repeating: 0, count: columns), gamma, beta, 1e-12)
      kernels.norm(
        &rows.x, 5, columns, gamma, beta, 1e-12, factors, &rows.codes, ck_i8_depth(columns), &rows.scales, &rows.zeros)
      #expect(rows.x == expected)
      #expect(rows.error(expected.indices.map { expected[$0] * factors[$0 % columns] }) < 0.51)
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `a row with a number that is none gets the scale NaN, and its neighbours do not`(bad: Float) {
    var x = RepeatableNumbers.ramp(3 * 40)
    x[40 + 39] = bad
    var plain = Rows(x, columns: 40)
    kernels.encode(plain.x, 40, 3, 40, nil, &plain.codes, ck_i8_depth(40), &plain.scales, &plain.zeros)
    #expect(plain.scales.map { $0.isNaN } == [false, true, false])
    var active = Rows(x, columns: 40)
    kernels.gelu(&active.x, 3, 40, &active.codes, ck_i8_depth(40), &active.scales, &active.zeros)
    #expect(active.scales.map { $0.isNaN } == [false, true, false])
  }

  /// Context of one sequence by the kernel, decoded, and by f64 arithmetic.
  private func attention(_ x: [Float], length: Int, heads: Int, headDimension: Int) -> (found: [Float], exact: [Float]) {
    let d = heads * headDimension
    var context = Rows(.init(repeating: 0, count: length * d), columns: d)
    let memory = HeadMemory(length: length, heads: heads, headDimension: headDimension)
    withUnsafePointer(to: memory.states) { states in
      kernels.split_heads(x, length, 0, 3 * heads, heads, headDimension, states, 0)
      kernels.attention(
        states, 0, length, heads, headDimension, 0, length, &context.codes, ck_i8_depth(d), &context.scales, &context.zeros,
        memory.scratch)
    }
    var exact = [Float](repeating: 0, count: length * d)
    for row in 0..<length {
      for head in 0..<heads {
        func part(_ which: Int, _ token: Int, _ c: Int) -> Double {
          Double(x[token * 3 * d + which * d + head * headDimension + c])
        }
        var weights = (0..<length).map { token in
          (0..<headDimension).reduce(0) { $0 + part(0, row, $1) * part(1, token, $1) }
        }
        let top = weights.max() ?? 0
        weights = weights.map { exp($0 - top) }
        let total = weights.reduce(0, +)
        for c in 0..<headDimension {
          exact[row * d + head * headDimension + c] = Float(
            (0..<length).reduce(0) { $0 + weights[$1] * part(2, $1, c) } / total)
        }
      }
    }
    return (context.decoded, exact)
  }

  @Test(arguments: [(1, 1, 16), (2, 3, 16), (17, 2, 33), (60, 1, 64), (130, 2, 4)])
  func `attention is near the exact one`(length: Int, heads: Int, headDimension: Int) {
    var random = RepeatableNumbers(state: 23)
    let x = random.floats(length * 3 * heads * headDimension)
    let (found, exact) = attention(x, length: length, heads: heads, headDimension: headDimension)
    #expect(zip(found, exact).allSatisfy { abs($0 - $1) < 0.03 })
  }

  @Test func `many small probabilities beside a large one on a small value add up`() {
    // One head; token 0 draws nearly all attention and has next to no value, all others have the value 1.
    let (length, width) = (400, 16)
    var x = [Float](repeating: 0, count: length * 3 * width)
    for token in 0..<length {
      x[token * 3 * width] = 7  // the query
      x[token * 3 * width + width] = token == 0 ? 1 : 0  // the key: scores 7 and 0
      for c in 0..<width { x[token * 3 * width + 2 * width + c] = token == 0 ? 0.001 : 1 }
    }
    let (found, exact) = attention(x, length: length, heads: 1, headDimension: width)
    #expect(exact[0] > 0.2 && exact[0] < 0.4)
    #expect(zip(found, exact).allSatisfy { abs($0 - $1) < 0.01 })
  }

  @Test func `one token that is not finite makes the context of all so`() {
    var random = RepeatableNumbers(state: 24)
    for part in 1...2 {  // keys, values
      var x = random.floats(20 * 3 * 32)
      x[7 * 96 + part * 32 + 5] = .infinity
      let (found, _) = attention(x, length: 20, heads: 1, headDimension: 32)
      #expect(found.allSatisfy { $0.isNaN })
    }
  }
}

/// Memory of one sequence's queries, keys and values, and the attention's scratch.
private final class HeadMemory {
  let states: ck_i8_heads
  let scratch: UnsafeMutableRawPointer

  init(length: Int, heads: Int, headDimension: Int) {
    let bytes = length * heads * ck_i8_depth(headDimension)
    let scales = length * heads
    states = ck_i8_heads(
      query: .allocate(capacity: bytes), key: .allocate(capacity: bytes), value: .allocate(capacity: bytes),
      query_scale: .allocate(capacity: scales), key_scale: .allocate(capacity: scales),
      value_scale: .allocate(capacity: scales))
    scratch = .allocate(byteCount: ck_i8_attention_scratch(length, heads, headDimension), alignment: 64)
  }

  deinit {
    states.query.deallocate()
    states.key.deallocate()
    states.value.deallocate()
    states.query_scale.deallocate()
    states.key_scale.deallocate()
    states.value_scale.deallocate()
    scratch.deallocate()
  }
}

extension RepeatableNumbers {
  static func ramp(_ count: Int) -> [Float] { (0..<count).map { Float($0) / 7 - 3 } }
}
