import CKernels
import Foundation
import TestSupport
import Testing

@testable import DistilBERT

/// Every kernel on one instruction set, over odd shapes and values, as bit patterns.
private struct KernelOutputs: Equatable {
  var embed: [UInt32] = []
  var layerNorm: [UInt32] = []
  var gelu: [UInt32] = []
  var relu: [UInt32] = []
  var linear: [UInt32] = []
  var product: [UInt32] = []
  var softmax: [UInt32] = []
  var attention: [UInt32] = []

  private static let widths = [1, 7, 15, 16, 17, 31, 48, 64, 100]

  init(_ path: KernelPath) {
    let kernels = path.kernels
    var random = SeededRandom(seed: 42)
    func floats(_ count: Int, _ scale: Float = 2) -> [Float] {
      (0..<count).map { _ in Float.random(in: -scale...scale, using: &random) }
    }
    func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

    for width in Self.widths {
      let rows = 5
      let bias = floats(width)
      let gamma = floats(width)
      let beta = floats(width)
      var x = floats(rows * width)
      kernels.bias_layer_norm(&x, rows, width, bias, gamma, beta, 1e-12)
      layerNorm += bits(x)

      var out = [Float](repeating: 0, count: 3 * width)
      let bad = kernels.embed([2, 0, 3, 4], 4, width, floats(4 * width), 4, floats(4 * width), gamma, beta, 1e-12, &out)
      embed += bits(out) + [UInt32(bad)]

      x = floats(rows * width, 9)
      kernels.bias_gelu(&x, rows, width, bias)
      gelu += bits(x)
      x = floats(rows * width)
      kernels.bias_relu(&x, rows, width, bias)
      relu += bits(x)
      x = floats(rows * width, 90)
      kernels.softmax(&x, width, rows, width)
      softmax += bits(x)

      for (rows, outputs) in [(1, 1), (3, 5), (6, 13), (9, 4)] {
        var y = floats(rows * outputs)
        let w = floats(outputs * width)
        kernels.linear(floats(rows * width), width, rows, w, width, outputs, width, floats(outputs), true, &y, outputs)
        linear += bits(y)
        var c = [Float](repeating: 0, count: rows * width)
        kernels.product(floats(rows * outputs), outputs, rows, floats(outputs * width), width, outputs, width, &c, width)
        product += bits(c)
      }
      for length in [1, 16, 49, 64, 130] {
        var qkv = floats(length * 3 * width)
        var scratch = [Float](repeating: .nan, count: ck_attention_scratch(length, width))
        qkv.withUnsafeMutableBufferPointer { qkv in
          guard let q = qkv.baseAddress else { return }
          kernels.attention(q, q + width, q + 2 * width, 3 * width, length, width, bias, 0, length, &scratch)
        }
        attention += bits(qkv)
      }
    }
    // Special values: NaN stays NaN, infinities and zeros have one result.
    let subnormal = Float.leastNormalMagnitude / 8
    var special: [Float] = [.nan, .infinity, -.infinity, 0, -0.0, subnormal, -subnormal, 3e38, -3e38, 6.5, -6.5, 6.6, -6.6]
    let zeros = [Float](repeating: 0, count: special.count)
    var other = special
    kernels.bias_gelu(&special, 1, special.count, zeros)
    kernels.bias_relu(&other, 1, other.count, zeros)
    // The sign and payload of a NaN are the hardware's own.
    gelu += special.map { $0.isNaN ? 1 : $0.bitPattern }
    relu += other.map { $0.isNaN ? 1 : $0.bitPattern }
  }
}

@Suite("Fused kernels")
struct KernelTests {
  @Test("AVX2 gives the portable kernels' bits", .enabled(if: KernelPath.avx2.isSupported, "this CPU has no AVX2"))
  func avx2() { expectSameBits(.avx2) }

  @Test("AVX-512 gives the portable kernels' bits", .enabled(if: KernelPath.avx512.isSupported, "this CPU has no AVX-512"))
  func avx512() { expectSameBits(.avx512) }

  private func expectSameBits(_ path: KernelPath) {
    let portable = KernelOutputs(.portable)
    let outputs = KernelOutputs(path)
    #expect(outputs.embed == portable.embed)
    #expect(outputs.layerNorm == portable.layerNorm)
    #expect(outputs.gelu == portable.gelu)
    #expect(outputs.relu == portable.relu)
    #expect(outputs.linear == portable.linear)
    #expect(outputs.product == portable.product)
    #expect(outputs.softmax == portable.softmax)
    #expect(outputs.attention == portable.attention)
  }

  @Test("attention for ranges of queries gives the bits of all at once, and leaves other rows alone")
  func attentionOfRanges() {
    let kernels = KernelPath.best.kernels
    var random = SeededRandom(seed: 43)
    let (length, width) = (130, 20)
    let states = (0..<length * 3 * width).map { _ in Float.random(in: -2...2, using: &random) }
    let bias = (0..<width).map { _ in Float.random(in: -1...1, using: &random) }
    func attend(_ ranges: [Range<Int>]) -> [Float] {
      var qkv = states
      var scratch = [Float](repeating: .nan, count: ck_attention_scratch(length, width))
      qkv.withUnsafeMutableBufferPointer { qkv in
        guard let q = qkv.baseAddress else { return }
        for range in ranges {
          kernels.attention(
            q, q + width, q + 2 * width, 3 * width, length, width, bias, range.lowerBound, range.count, &scratch)
        }
      }
      return qkv
    }
    let whole = attend([0..<length])
    #expect(attend([0..<1, 1..<64, 64..<64, 64..<length]) == whole)
    let part = attend([50..<60])
    #expect(Array(part[..<(50 * 3 * width)]) == Array(states[..<(50 * 3 * width)]))
    #expect(Array(part[(60 * 3 * width)...]) == Array(states[(60 * 3 * width)...]))
    #expect(Array(part[(50 * 3 * width)..<(60 * 3 * width)]) == Array(whole[(50 * 3 * width)..<(60 * 3 * width)]))
  }

  @Test("the whole engine gives the same bits on each path", .enabled(if: KernelPath.best != .portable, "only one path here"))
  func engine() throws {
    for (shape, _) in SyntheticModel.golden {
      let directory = try shape.write()
      func logits(_ path: KernelPath) throws -> [[Float]] {
        try Lane(model: Model(directory: directory.url, kernelPath: path)).logits(shape.sequences)
      }
      let results = try PanelProductTests.paths.map(logits)
      for result in results { #expect(result == results[0]) }
      // On x86-64 OpenBLAS multiplies there, in an order of its own.
      for (row, expected) in zip(try logits(.portable), results[0]) {
        for (logit, other) in zip(row, expected) { #expect(abs(logit - other) < 5e-5) }
      }
    }
  }

  @Test("GELU is exact to 1.5 ulp above zero and 3e-7 everywhere")
  func geluAccuracy() {
    var x = (0..<200_001).map { Float($0 - 100_000) / 12_500 }
    let inputs = x
    let zeros = [Float](repeating: 0, count: x.count)
    KernelPath.best.kernels.bias_gelu(&x, 1, x.count, zeros)
    var worst = 0.0
    var worstUlps = 0.0
    for (input, output) in zip(inputs, x) {
      let exact = 0.5 * Double(input) * erfc(-Double(input) / 2.0.squareRoot())
      let error = abs(Double(output) - exact)
      worst = max(worst, error)
      if input > 0 { worstUlps = max(worstUlps, error / Double(Float(exact).ulp)) }
    }
    print("GELU: largest error \(worst), \(worstUlps) ulp for x > 0")
    #expect(worst < 3e-7 && worstUlps < 1.5)
  }

  @Test("the exponential of softmax is exact to 2 ulp")
  func exponentialAccuracy() {
    // softmax([0, x]) = [1, eˣ] / (1 + eˣ), and the quotient of the two is eˣ again.
    var worst = 0.0
    for step in 0..<2_000 {
      let x = -Float(step) * 0.0435
      var pair: [Float] = [0, x]
      KernelPath.best.kernels.softmax(&pair, 2, 1, 2)
      let exact = exp(Double(x)) / (1 + exp(Double(x)))
      worst = max(worst, abs(Double(pair[1]) - exact) / exact)
    }
    print("softmax: largest relative error \(worst)")
    #expect(worst < 4 * 0x1p-24)
  }

  @Test("conversion of F16 and BF16 is exact over all values, and finds what is not finite", arguments: ["F16", "BF16"])
  func conversion(type: String) {
    let all = (0...UInt16.max).map { $0 }
    let identifier = type == "F16" ? CK_F16 : CK_BF16
    var out = [Float](repeating: 0, count: all.count)
    let first = ck_convert(all, identifier, all.count, 1, &out)
    #expect(first == (type == "F16" ? 0x7c00 : 0x7f80))
    for (bits, value) in zip(all, out) {
      let expected: Float =
        type == "BF16"
        ? Float(bitPattern: UInt32(bits) << 16)
        : {
          let exponent = Int(bits >> 10 & 31)
          let fraction = Float(bits & 1023) / 1024
          if exponent == 31 { return fraction == 0 ? .infinity : .nan }
          let magnitude =
            exponent == 0 ? fraction * 0x1p-14 : (1 + fraction) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
          return bits >> 15 == 0 ? magnitude : -magnitude
        }()
      guard expected.isFinite else {
        #expect(!value.isFinite)
        continue
      }
      if value.bitPattern != expected.bitPattern { Issue.record("\(type) \(bits): \(value), not \(expected)") }
    }
  }

  @Test("transposition puts every element in its place")
  func transposition() {
    for (rows, columns) in [(1, 1), (3, 70), (17, 64), (40, 129)] {
      let source = (0..<rows * columns).map(Float.init)
      var out = [Float](repeating: -1, count: columns * (rows + 2))
      let bad = ck_convert_transposed(source, CK_F32, rows, columns, 2, &out, rows + 2)
      let right = (0..<rows).allSatisfy { r in
        (0..<columns).allSatisfy { c in out[c * (rows + 2) + r] == 2 * source[r * columns + c] }
      }
      #expect(bad == -1 && right)
    }
  }

  @Test("the checksum depends on every byte, the length and the seed")
  func checksum() {
    let bytes = (0..<200).map { UInt8($0) }
    var seen: Set<UInt64> = [ck_hash(bytes, 200, 0), ck_hash(bytes, 199, 0), ck_hash(bytes, 200, 1), ck_hash(bytes, 0, 0)]
    for i in bytes.indices {
      var changed = bytes
      changed[i] ^= 1
      seen.insert(ck_hash(changed, 200, 0))
    }
    #expect(seen.count == 204)
    #expect(ck_hash([0], 1, 0) != ck_hash([0, 0], 2, 0))
  }

  @Test("a path is forced by name; an unknown or unsupported one is an error that lists the others")
  func choice() throws {
    #expect(try KernelPath.chosen(in: [:]) == .best)
    #expect(try KernelPath.chosen(in: ["SENTIMENT_KERNELS": "portable"]) == .portable)
    let error = #expect(throws: ModelError.self) { try KernelPath.chosen(in: ["SENTIMENT_KERNELS": "sse9"]) }
    #expect(error?.kind == .unsupportedKernels && error?.expected.contains("portable") == true)
  }
}
