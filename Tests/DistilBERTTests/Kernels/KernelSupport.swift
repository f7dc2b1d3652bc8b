import CKernels
import Testing

@testable import DistilBERT

/// Numbers that are the same in every run (SplitMix64).
struct RepeatableNumbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }

  mutating func floats(_ count: Int, within scale: Float = 1) -> [Float] {
    (0..<count).map { _ in Float.random(in: -scale...scale, using: &self) }
  }
}

func roundedUp(_ n: Int, to step: Int) -> Int { (n + step - 1) / step * step }

func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

/// Packed int8 weights that own their memory.
final class PackedInt8 {
  let channels: Int
  let inputs: Int
  let firstBadRow: Int
  private(set) var weights: ck_i8_weights

  /// `w`: (channels, inputs).
  init(_ w: [Float], bias: [Float], channels: Int, inputs: Int) {
    self.channels = channels
    self.inputs = inputs
    let padded = roundedUp(channels, to: 16)
    func zeroed<T: Numeric>(_ count: Int) -> UnsafeMutablePointer<T> {
      let memory = UnsafeMutablePointer<T>.allocate(capacity: count)
      memory.initialize(repeating: 0, count: count)
      return memory
    }
    weights = ck_i8_weights(
      panels: zeroed(ck_i8_panel_bytes(channels, inputs)), scales: zeroed(padded), sums: zeroed(padded),
      bias: zeroed(padded), channels: channels, inputs: inputs)
    firstBadRow = ck_i8_pack(w, inputs, channels, bias, 0, &weights)
  }

  deinit {
    weights.panels.deallocate()
    weights.scales.deallocate()
    weights.sums.deallocate()
    weights.bias.deallocate()
  }

  /// The quantised weight of a channel's input.
  func code(_ channel: Int, _ input: Int) -> Int8 {
    let depth = ck_i8_depth(inputs)
    return weights.panels[channel / 16 * 16 * depth + input / 4 * 64 + channel % 16 * 4 + input % 4]
  }
}

/// Rows of activations in 8 bits.
struct QuantisedRows: Equatable {
  let rows: Int
  let depth: Int
  var codes: [UInt8]
  var scales: [UInt32]  // bit patterns: NaN compares too
  var zeros: [Int32]
  let firstBadRow: Int

  init(_ x: [Float], rows: Int, inputs: Int, on path: KernelPath) {
    self.rows = rows
    depth = ck_i8_depth(inputs)
    codes = [UInt8](repeating: 77, count: rows * depth)
    zeros = [Int32](repeating: -1, count: rows)
    var scale = [Float](repeating: -1, count: rows)
    firstBadRow = path.int8Kernels.quantise_rows(x, inputs, rows, inputs, &codes, depth, &scale, &zeros)
    scales = bits(scale)
  }

  /// x·wᵀ + bias, or that plus a residual, for rows `range` and channels from `first` on.
  func product(
    _ packed: PackedInt8, rows range: Range<Int>, first: Int = 0, residual: [Float]? = nil, on path: KernelPath
  ) -> [Float] {
    let count = packed.channels - first
    var y = [Float](repeating: .nan, count: range.count * count)
    let scale = scales[range].map(Float.init(bitPattern:))
    let zero = Array(zeros[range])
    let q = Array(codes[range.lowerBound * depth..<range.upperBound * depth])
    withUnsafePointer(to: packed.weights) {
      path.int8Kernels.product(q, depth, scale, zero, range.count, $0, first, count, residual, count, &y, count)
    }
    return y
  }
}

/// Ends the test case, visibly, where this CPU does not run the path.
func require(_ path: KernelPath) throws {
  if path.isSupported { return }
  print("SKIPPED: this CPU does not run \(path.rawValue)")
  try Test.cancel("this CPU does not run \(path.rawValue)")
}
