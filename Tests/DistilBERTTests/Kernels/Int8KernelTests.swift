import CKernels
import Testing

@testable import DistilBERT

/// The int8 kernels of each path against the portable ones, bit for bit, and those against their definition. Paths that this
/// CPU lacks: scripts/kernels-emulated.
@Suite struct Int8KernelTests {
  /// Rows, inputs, channels: every tile height, and edges of every kind.
  static let shapes =
    (1...33).map { ($0, 1 + $0 * 7 % 130, 1 + $0 * 11 % 70) } + [(50, 768, 96), (44, 3072, 33), (2, 16384, 5)]

  @Test(arguments: KernelPath.allCases)
  func `every path gives the portable bits`(path: KernelPath) throws {
    try require(path)
    var random = RepeatableNumbers(state: 7)
    for (rows, inputs, channels) in Self.shapes {
      let packed = PackedInt8(
        random.floats(channels * inputs, within: 0.1), bias: random.floats(channels), channels: channels, inputs: inputs)
      let scale: Float = [1, 1e-20, 1e25, 4e-30][rows % 4]
      let x = random.floats(rows * inputs, within: scale).map { rows % 3 == 0 ? abs($0) : $0 }
      let expected = QuantisedRows(x, rows: rows, inputs: inputs, on: .portable)
      #expect(QuantisedRows(x, rows: rows, inputs: inputs, on: path) == expected)

      let residual = random.floats(rows * channels)
      for addend in [nil, residual] {
        let portable = expected.product(packed, rows: 0..<rows, residual: addend, on: .portable)
        let product = expected.product(packed, rows: 0..<rows, residual: addend, on: path)
        #expect(bits(product) == bits(portable), "\(rows) × \(inputs) × \(channels)")
      }
      if channels > 16 {
        let part = expected.product(packed, rows: 0..<rows, first: 16, on: path)
        #expect(bits(part) == bits(expected.product(packed, rows: 0..<rows, first: 16, on: .portable)))
      }
    }
  }

  @Test(arguments: KernelPath.allCases)
  func `a row's bits do not depend on its batch`(path: KernelPath) throws {
    try require(path)
    var random = RepeatableNumbers(state: 8)
    let (inputs, channels, rows) = (100, 50, 33)
    let packed = PackedInt8(
      random.floats(channels * inputs), bias: random.floats(channels), channels: channels, inputs: inputs)
    let quantised = QuantisedRows(random.floats(rows * inputs), rows: rows, inputs: inputs, on: path)
    let whole = quantised.product(packed, rows: 0..<rows, on: path)
    for count in [1, 2, 5, 13, 32] {
      for first in stride(from: 0, through: rows - count, by: count) {
        let part = quantised.product(packed, rows: first..<first + count, on: path)
        #expect(bits(part) == bits(Array(whole[first * channels..<(first + count) * channels])))
      }
    }
  }

  @Test(arguments: KernelPath.allCases)
  func `sums are exact at the extremes`(path: KernelPath) throws {
    try require(path)
    let kernels = path.int8Kernels
    let (rows, channels) = (15, 17)
    for depth in [16, 64, 3072, Int(CK_I8_LARGEST_DEPTH)] {
      for (code, weight) in [(UInt8(255), Int8(127)), (255, -127), (0, -127), (128, -128)] {
        let a = [Int8](repeating: weight, count: channels * depth)
        var panels = [Int8](repeating: 0, count: ck_i8_panel_bytes(channels, depth))
        var totals = [Int32](repeating: 0, count: 32)
        kernels.pack_rows(a, depth, channels, depth, &panels, &totals)
        let total = Int32(depth) * Int32(weight)
        #expect(totals == [Int32](repeating: total, count: channels) + [Int32](repeating: 0, count: 32 - channels))
        var out = [Int32](repeating: 0, count: rows * channels)
        kernels.sums([UInt8](repeating: code, count: rows * depth), depth, rows, panels, depth, channels, &out, channels)
        #expect(out == [Int32](repeating: total * Int32(code), count: rows * channels))
      }
    }
  }

  @Test(arguments: KernelPath.allCases)
  func `panels hold a matrix by rows or by columns`(path: KernelPath) throws {
    try require(path)
    let kernels = path.int8Kernels
    var random = RepeatableNumbers(state: 9)
    for (channels, inputs) in [(1, 1), (16, 16), (17, 5), (33, 64), (64, 50), (47, 31)] {
      let depth = ck_i8_depth(inputs)
      let a = (0..<channels * inputs).map { _ in Int8.random(in: -128...127, using: &random) }
      for byColumns in [false, true] {
        var panels = [Int8](repeating: 99, count: ck_i8_panel_bytes(channels, inputs))
        var totals = [Int32](repeating: 99, count: roundedUp(channels, to: 16))
        if byColumns {
          kernels.pack_columns(a, channels, channels, inputs, &panels, &totals)
        } else {
          kernels.pack_rows(a, inputs, channels, inputs, &panels, &totals)
        }
        var expected = [Int8](repeating: 0, count: panels.count)
        var expectedTotals = [Int32](repeating: 0, count: totals.count)
        for n in 0..<channels {
          for k in 0..<inputs {
            let value = byColumns ? a[k * channels + n] : a[n * inputs + k]
            expected[n / 16 * 16 * depth + k / 4 * 64 + n % 16 * 4 + k % 4] = value
            expectedTotals[n] += Int32(value)
          }
        }
        #expect(panels == expected)
        #expect(totals == expectedTotals)
      }
    }
  }

  @Test(arguments: KernelPath.allCases)
  func `rows that are not finite are reported and become zero`(path: KernelPath) throws {
    try require(path)
    let inputs = 21
    for bad: Float in [.nan, -.nan, .infinity, -.infinity] {
      for position in [0, 15, 16, 20] {
        var x = [Float](repeating: 1, count: 3 * inputs)
        x[inputs + position] = bad
        let rows = QuantisedRows(x, rows: 3, inputs: inputs, on: path)
        #expect(rows.firstBadRow == 1)
        #expect(rows.scales[1] == 0)
        #expect(rows.zeros[1] == 0)
        #expect(rows.codes[rows.depth..<2 * rows.depth].allSatisfy { $0 == 0 })
        #expect(rows.codes[0] == 255)
      }
    }
    let tooWide = [Float.greatestFiniteMagnitude, -Float.greatestFiniteMagnitude]
    #expect(QuantisedRows(tooWide, rows: 1, inputs: 2, on: path).firstBadRow == 0)
    let nothing = QuantisedRows([0, -0, 0, 0x1p-126], rows: 2, inputs: 2, on: path)
    #expect(nothing.firstBadRow == -1)
    #expect(nothing.scales == [0, 0])
  }

  @Test func `activations follow their definition`() {
    var random = RepeatableNumbers(state: 10)
    for offset: Float in [-3, -1, 0, 0.5, 5] {
      let x = random.floats(200).map { $0 + offset }
      let row = QuantisedRows(x, rows: 1, inputs: 200, on: .portable)
      let least = min(0, x.min() ?? 0)
      let greatest = max(0, x.max() ?? 0)
      let scale = Float(bitPattern: row.scales[0])
      #expect(scale == (greatest - least) / 255)
      #expect(row.zeros[0] == Int32((-least * (255 / (greatest - least))).rounded(.toNearestOrEven)))
      for (value, code) in zip(x, row.codes) {
        #expect(abs(scale * Float(Int32(code) - row.zeros[0]) - value) <= scale * 0.5001 + 1e-6)
      }
    }
  }

  @Test func `weights follow their definition`() {
    let w: [Float] = [0, 127, -127, 2.5, 3.5, 0, 0, 0, 0, 0, -2, 1, 0.5, 0.007, 0]
    let packed = PackedInt8(w, bias: [1, 2, 3], channels: 3, inputs: 5)
    #expect(packed.firstBadRow == -1)
    #expect((0..<5).map { packed.code(0, $0) } == [0, 127, -127, 2, 4])
    #expect((0..<5).map { packed.code(1, $0) } == [0, 0, 0, 0, 0])
    #expect((0..<5).map { packed.code(2, $0) } == [-127, 64, 32, 0, 0])
    #expect((0..<3).map { packed.weights.scales[$0] } == [1, 0, 2.0 / 127])
    #expect((0..<3).map { packed.weights.sums[$0] } == [6, 0, -31])
    #expect((0..<3).map { packed.weights.bias[$0] } == [1, 2, 3])
    for bad: Float in [.nan, .infinity, -.infinity] {
      #expect(PackedInt8([0, 1, 2, bad, 0, 0], bias: [0, 0, 0], channels: 3, inputs: 2).firstBadRow == 1)
    }
  }

  @Test func `a product is close to the exact one`() {
    var random = RepeatableNumbers(state: 11)
    let (rows, inputs, channels) = (4, 768, 32)
    let w = random.floats(channels * inputs, within: 0.05)
    let x = random.floats(rows * inputs, within: 2)
    let packed = PackedInt8(w, bias: random.floats(channels), channels: channels, inputs: inputs)
    let y = QuantisedRows(x, rows: rows, inputs: inputs, on: .best).product(packed, rows: 0..<rows, on: .best)
    var largest = 0.0
    for r in 0..<rows {
      for n in 0..<channels {
        var exact = Double(packed.weights.bias[n])
        for k in 0..<inputs { exact += Double(x[r * inputs + k]) * Double(w[n * inputs + k]) }
        largest = max(largest, abs(exact - Double(y[r * channels + n])))
      }
    }
    print("int8 product of \(inputs) inputs: largest difference \(largest), of values about 0.9")
    #expect(largest < 0.03)
  }
}
