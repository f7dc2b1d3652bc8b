import CKernels

/// A model's weights in the form that its precision computes with.
enum PreparedWeights: Sendable {
  case f32(Weights)
  case int8(Int8Weights)

  init(_ reader: CheckpointReader, precision: Precision, kernels: ck_kernels) throws(ModelError) {
    switch precision {
    case .f32: self = .f32(try WeightLoader.load(reader, kernels: kernels))
    case .int8: self = .int8(try Int8WeightLoader.load(reader, kernels: kernels))
    }
  }

  /// The precision that is computed in.
  var precision: Precision {
    switch self {
    case .f32: .f32
    case .int8: .int8
    }
  }

  var bytes: Int {
    switch self {
    case .f32(let weights): weights.memory.bytes
    case .int8(let weights): weights.memory.bytes
    }
  }
}
