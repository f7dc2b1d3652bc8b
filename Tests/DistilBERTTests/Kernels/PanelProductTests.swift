import CKernels
import TestSupport
import Testing

@testable import DistilBERT

/// Products with weights in panels, on each path that has them, against sums that are made one product after the other.
@Suite("Products with weights in panels")
struct PanelProductTests {
  static let paths = KernelPath.allCases.filter { $0.isSupported && $0.kernels.panel_product != nil }

  private struct Shape: CustomStringConvertible {
    var rows: Int
    var inputs: Int
    var outputs: Int
    /// The channels that are asked for.
    var channels: Range<Int>
    var description: String { "\(rows) × \(inputs) → \(channels) of \(outputs)" }
  }

  private static let shapes: [Shape] = {
    var shapes: [Shape] = []
    for rows in [1, 2, 5, 6, 7, 13, 14, 15, 29, 200] {
      for inputs in [1, 3, 4, 17, 64, 769] {
        shapes.append(Shape(rows: rows, inputs: inputs, outputs: 40, channels: 0..<40))
      }
    }
    for channels in [0..<1, 0..<16, 16..<17, 16..<32, 16..<50, 32..<50, 48..<50, 16..<16] {
      shapes.append(Shape(rows: 9, inputs: 800, outputs: 50, channels: channels))
    }
    // Two blocks of rows and three of inputs.
    shapes.append(Shape(rows: 400, inputs: 1600, outputs: 20, channels: 0..<20))
    return shapes
  }()

  private func floats(_ count: Int, _ random: inout SeededRandom) -> [Float] {
    (0..<count).map { _ in Float.random(in: -2...2, using: &random) }
  }

  private func packed(_ w: [Float], rows: Int, inputs: Int) -> [Float] {
    var panels = [Float](repeating: 0, count: Linear.weightCount(.panels, inputs: inputs, outputs: rows))
    // In two parts, of which the second begins inside of a panel.
    let first = rows / 3
    w.withUnsafeBufferPointer { w in
      guard let base = w.baseAddress else { return }
      #expect(ck_pack_panels(base, CK_F32, first, inputs, 1, 0, &panels) == -1)
      #expect(ck_pack_panels(base + first * inputs, CK_F32, rows - first, inputs, 1, first, &panels) == -1)
    }
    return panels
  }

  @Test("every shape and every end of a sum gives the defined bits, and nothing beside is touched", arguments: paths)
  func bits(path: KernelPath) throws {
    let product = try #require(path.kernels.panel_product)
    var random = SeededRandom(seed: 7)
    for shape in Self.shapes {
      let count = shape.channels.count
      let (ldx, ldy) = (shape.inputs + 3, count + 5)
      let x = floats(shape.rows * ldx, &random)
      let w = floats(shape.outputs * shape.inputs, &random)
      let bias = floats(shape.outputs, &random)
      let panels = packed(w, rows: shape.outputs, inputs: shape.inputs)
      let before = floats(shape.rows * ldy, &random)
      for (finish, accumulate) in [(CK_SUM, false), (CK_SUM, true), (CK_GELU, false), (CK_RELU, true)] {
        var y = before
        bias.withUnsafeBufferPointer { bias in
          guard let base = bias.baseAddress else { return }
          product(
            x, ldx, shape.rows, panels, shape.inputs, shape.channels.lowerBound, count, base + shape.channels.lowerBound, finish,
            accumulate, &y, ldy)
        }
        var expected = before
        for row in 0..<shape.rows {
          for (column, channel) in shape.channels.enumerated() {
            var sum: Float? = accumulate ? before[row * ldy + column] : nil
            for start in stride(from: 0, to: shape.inputs, by: Int(CK_TURN)) {
              var chain: Float = 0
              for k in start..<min(start + Int(CK_TURN), shape.inputs) {
                chain.addProduct(x[row * ldx + k], w[channel * shape.inputs + k])
              }
              sum = sum.map { $0 + chain } ?? chain
            }
            expected[row * ldy + column] = sum ?? 0
          }
          guard finish != CK_SUM, count > 0 else { continue }
          var ends = Array(expected[row * ldy..<row * ldy + count])
          let shift = Array(bias[shape.channels])
          if finish == CK_GELU {
            KernelPath.portable.kernels.bias_gelu(&ends, 1, count, shift)
          } else {
            KernelPath.portable.kernels.bias_relu(&ends, 1, count, shift)
          }
          expected.replaceSubrange(row * ldy..<row * ldy + count, with: ends)
        }
        #expect(
          y.map(\.bitPattern) == expected.map(\.bitPattern), "\(shape), finish \(finish.rawValue), accumulate \(accumulate)")
      }
    }
  }

  @Test("a number that is not finite is found, by its place among the rows that were given")
  func notFinite() {
    var w = [Float](repeating: 1, count: 20 * 5)
    w[17 * 5 + 3] = .nan
    var panels = [Float](repeating: 0, count: 48 * 5)
    #expect(ck_pack_panels(w, CK_F32, 20, 5, 1, 10, &panels) == 17 * 5 + 3)
  }
}
