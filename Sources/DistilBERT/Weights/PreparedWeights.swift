import CKernels

/// A model's weights in the form that its precision computes with.
enum PreparedWeights: Sendable {
  case f32(Weights)
  case int8(CodedWeights<Int8Format>)
  case bf16(CodedWeights<BF16Format>, ck_bf16_kernels)

  init(_ reader: CheckpointReader, precision: Precision, kernels path: KernelPath) throws(ModelError) {
    let kernels = path.kernels
    switch precision {
    case .f32: self = .f32(try WeightLoader.load(reader, kernels: kernels))
    case .bf16:
      if let products = path.bf16Kernels {
        self = .bf16(try BF16WeightLoader.load(reader, kernels: kernels), products)
      } else {
        self = .f32(try WeightLoader.load(reader, kernels: kernels))
      }
    case .int8: self = .int8(try Int8WeightLoader.load(reader, kernels: kernels))
    }
  }

  /// The precision that is computed in.
  var precision: Precision {
    switch self {
    case .f32: .f32
    case .int8: .int8
    case .bf16: .bf16
    }
  }

  var bytes: Int {
    switch self {
    case .f32(let weights): weights.memory.bytes
    case .int8(let weights): weights.memory.bytes
    case .bf16(let weights, _): weights.memory.bytes
    }
  }
}
