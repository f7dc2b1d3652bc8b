import CKernels

/// The probabilities of one sequence's logits, by class index: softmax in f32, the same bits on every machine. They sum to 1;
/// one label has probability 1. NaN or infinite logits give NaN.
public func softmax(logits: ArraySlice<Float>) -> [Float] {
  var result = Array(logits)
  guard !result.isEmpty else { return result }
  result.withUnsafeMutableBufferPointer { values in
    guard let base = values.baseAddress else { return }
    KernelPath.portable.kernels.softmax(base, values.count, 1, values.count)
  }
  return result
}

/// The probabilities of one sequence's logits, by class index.
public func softmax(logits: [Float]) -> [Float] { softmax(logits: logits[...]) }
