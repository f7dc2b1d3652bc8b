import CKernels
import Testing

@testable import DistilBERT

/// What is done to weights before they are packed.
@Suite struct Int8CalibrationTests {
  private let rows = 32
  private let inputs = 96
  private let outputs = 20

  /// Inputs with a large mean, and weights.
  private func layer() -> (x: [Float], w: [Float]) {
    var random = RepeatableNumbers(state: 31)
    let offsets = random.floats(inputs, within: 2)
    let x = random.floats(rows * inputs, within: 0.5).enumerated().map { $1 + offsets[$0 % inputs] }
    return (x, random.floats(outputs * inputs, within: 0.1))
  }

  private func product(_ x: [Float], _ w: [Float]) -> [Double] {
    (0..<rows * outputs).map { index in
      let (row, output) = index.quotientAndRemainder(dividingBy: outputs)
      return (0..<inputs).reduce(0) { $0 + Double(x[row * inputs + $1]) * Double(w[output * inputs + $1]) }
    }
  }

  private func decoded(_ w: [Float]) -> [Float] {
    let packed = PackedInt8(w, bias: .init(repeating: 0, count: outputs), channels: outputs, inputs: inputs)
    return (0..<outputs * inputs).map {
      packed.weights.scales[$0 / inputs] * Float(packed.code($0 / inputs, $0 % inputs))
    }
  }

  @Test func `rounding cancels the errors of typical inputs`() {
    let (x, w) = layer()
    var rounded = w
    var (mean, first, power) = ([Float](repeating: 0, count: inputs), [Float](repeating: 0, count: inputs), w)
    mean.withUnsafeMutableBufferPointer { mean in
      first.withUnsafeMutableBufferPointer { first in
        power.withUnsafeMutableBufferPointer { power in
          var statistics = ck_i8_statistics(
            mean: mean.baseAddress!, first: first.baseAddress!, power: power.baseAddress!)
          ck_i8_measure(x, inputs, rows, 16, inputs, nil, &statistics)
          ck_i8_round(&rounded, inputs, outputs, inputs, &statistics)
        }
      }
    }
    for output in 0..<outputs {
      let row = output * inputs..<(output + 1) * inputs
      let step = (w[row].map { abs($0) }.max() ?? 0) / 127
      #expect(row.allSatisfy { abs(rounded[$0] - w[$0]) <= 1.01 * step })
      #expect(zip(decoded(rounded)[row], rounded[row]).allSatisfy { abs($0 - $1) < 0.01 * step }, "packing changes nothing")
    }
    func error(_ weights: [Float]) -> Double {
      zip(product(x, weights), product(x, w)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
    #expect(error(decoded(rounded)) < 0.5 * error(decoded(w)))
  }

  @Test func `factors even out inputs, and leave the product as it is`() {
    var (x, w) = layer()
    for row in 0..<rows { x[row * inputs + 3] *= 50 }
    let expected = product(x, w)
    var (multiply, divide) = ([Float](repeating: 0, count: inputs), [Float](repeating: 0, count: inputs))
    ck_i8_smoothing(x, rows, w, outputs, inputs, &multiply, &divide)
    ck_i8_scale_columns(&w, outputs, inputs, multiply)
    #expect(multiply[3] == multiply.max() && multiply[3] > 2)
    #expect(zip(multiply, divide).allSatisfy { abs($0 * $1 - 1) < 1e-6 })
    for i in x.indices { x[i] *= divide[i % inputs] }
    #expect(zip(product(x, w), expected).allSatisfy { abs($0 - $1) < 1e-4 * (1 + abs($1)) })
  }

  @Test func `silence and infinity give finite factors`() {
    var (x, w) = layer()
    for row in 0..<rows { (x[row * inputs], x[row * inputs + 1], x[row * inputs + 2]) = (0, .infinity, .nan) }
    for output in 0..<outputs { w[output * inputs + 5] = 0 }
    var (multiply, divide) = ([Float](repeating: 0, count: inputs), [Float](repeating: 0, count: inputs))
    ck_i8_smoothing(x, rows, w, outputs, inputs, &multiply, &divide)
    #expect((multiply + divide).allSatisfy { $0.isFinite && $0 > 0 })
  }
}
