import CKernels
import Testing

@testable import DistilBERT

/// The bf16 products, where the CPU has them, against sums in double precision of the same rounded operands.
@Suite(.enabled(if: BF16Support.isHere, "this CPU has no AVX-512 BF16"))
struct BF16KernelTests {
  private struct Product {
    let kernels: ck_bf16_kernels
    let rows: Int
    let inputs: Int
    let channels: Int
    let depth: Int
    let x: [UInt16]
    let w: [Float]
    let bias: [Float]
    private var panels: [UInt16]
    private var paddedBias: [Float]
    let firstBadRow: Int

    init(rows: Int, inputs: Int, channels: Int, x source: [Float], w: [Float], bias: [Float]) throws {
      kernels = try BF16Support.kernels()
      (self.rows, self.inputs, self.channels, self.w, self.bias) = (rows, inputs, channels, w, bias)
      depth = ck_bf16_depth(inputs)
      var rounded = [UInt16](repeating: 0x7fc0, count: rows * depth)  // NaN: padding must be overwritten
      kernels.round_rows(source, inputs, rows, inputs, &rounded, depth)
      x = rounded
      var panels = [UInt16](repeating: 0, count: ck_bf16_panel_elements(channels, inputs))
      var paddedBias = [Float](repeating: 0, count: roundedUp(channels, to: 16))
      firstBadRow = panels.withUnsafeMutableBufferPointer { panels in
        paddedBias.withUnsafeMutableBufferPointer { target in
          var weights = ck_bf16_weights(
            panels: panels.baseAddress!, bias: target.baseAddress!, channels: channels, inputs: inputs)
          return ck_bf16_pack(w, inputs, channels, bias, 0, &weights)
        }
      }
      (self.panels, self.paddedBias) = (panels, paddedBias)
    }

    mutating func run(rows range: Range<Int>, first: Int = 0, residual: [Float]? = nil) -> [Float] {
      let count = channels - first
      var y = [Float](repeating: .nan, count: range.count * count)
      let part = Array(x[range.lowerBound * depth..<range.upperBound * depth])
      panels.withUnsafeMutableBufferPointer { panels in
        paddedBias.withUnsafeMutableBufferPointer { bias in
          var weights = ck_bf16_weights(
            panels: panels.baseAddress!, bias: bias.baseAddress!, channels: channels, inputs: inputs)
          kernels.product(part, depth, range.count, &weights, first, count, residual, count, &y, count)
        }
      }
      return y
    }
  }

  private func random(rows: Int, inputs: Int, channels: Int) throws -> Product {
    var random = RepeatableNumbers(state: UInt64(rows))
    return try Product(
      rows: rows, inputs: inputs, channels: channels, x: random.floats(rows * inputs),
      w: random.floats(channels * inputs), bias: random.floats(channels))
  }

  private static func rounded(_ value: Float) -> Double {
    let bits = value.bitPattern
    return Double(Float(bitPattern: (bits &+ 0x7fff &+ (bits >> 16 & 1)) & 0xffff_0000))
  }

  @Test func `products are right for every tile and edge`() throws {
    var largest = 0.0
    for rows in 1...33 {
      var product = try random(rows: rows, inputs: 1 + rows * 7 % 130, channels: 1 + rows * 11 % 70)
      let (inputs, channels) = (product.inputs, product.channels)
      let residual = (0..<rows * channels).map { Float($0 % 7) }
      let plain = product.run(rows: 0..<rows)
      let added = product.run(rows: 0..<rows, residual: residual)
      for r in 0..<rows {
        for n in 0..<channels {
          var exact = Double(product.bias[n])
          for k in 0..<inputs {
            let left = Double(Float(bitPattern: UInt32(product.x[r * product.depth + k]) << 16))
            exact += left * Self.rounded(product.w[n * inputs + k])
          }
          largest = max(largest, abs(Double(plain[r * channels + n]) - exact))
          #expect(added[r * channels + n] == residual[r * channels + n] + plain[r * channels + n])
        }
      }
      if channels > 16 {
        let part = product.run(rows: 0..<rows, first: 16)
        for r in 0..<rows {
          #expect(part[r * (channels - 16)..<(r + 1) * (channels - 16)] == plain[r * channels + 16..<(r + 1) * channels])
        }
      }
    }
    print("bf16 product: largest difference from the exact sum \(largest)")
    #expect(largest < 2e-5)
  }

  @Test func `a row's bits do not depend on its batch`() throws {
    var product = try random(rows: 33, inputs: 100, channels: 50)
    let whole = product.run(rows: 0..<33)
    for count in [1, 2, 5, 13, 32] {
      for first in stride(from: 0, through: 33 - count, by: count) {
        let part = product.run(rows: first..<first + count)
        #expect(bits(part) == bits(Array(whole[first * 50..<(first + count) * 50])))
      }
    }
  }

  @Test func `rows are rounded to nearest even and padded with zero`() throws {
    let values: [Float] = [1, 1.00390625, 1.01171875, -2.005, 3.0e38, 0, 0x1p-130, .infinity, 0.1]
    let product = try Product(rows: 1, inputs: 9, channels: 1, x: values, w: [Float](repeating: 1, count: 9), bias: [0])
    for (value, bits) in zip(values, product.x) where value != 0x1p-130 && value.isFinite {
      #expect(Double(Float(bitPattern: UInt32(bits) << 16)) == Self.rounded(value))
    }
    #expect(product.x[6] == 0)
    #expect(product.x[7] == 0x7f80)
    #expect(product.x[9...].allSatisfy { $0 == 0 })
  }

  @Test func `weights that are not finite as bf16 are reported`() throws {
    for bad: Float in [.nan, .infinity, -.infinity, .greatestFiniteMagnitude] {
      let product = try Product(rows: 1, inputs: 2, channels: 3, x: [1, 1], w: [0, 1, 2, bad, 0, 0], bias: [0, 0, 0])
      #expect(product.firstBadRow == 1)
    }
  }
}
