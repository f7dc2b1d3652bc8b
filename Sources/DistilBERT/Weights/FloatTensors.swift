import CKernels

/// Reads a checkpoint's tensors as f32, into the memory of a model's weights or elsewhere.
struct FloatTensors {
  let reader: CheckpointReader
  let memory: FloatMemory

  /// A tensor times `scale`, in the next place of `memory`.
  func tensor(_ name: String, scale: Float = 1) throws(ModelError) -> UnsafeMutablePointer<Float> {
    let place = memory.take(reader.elementCount(name))
    try read(name, scale: scale, into: place)
    return place
  }

  /// A tensor times `scale`, into memory of its size.
  func read(_ name: String, scale: Float = 1, into place: UnsafeMutablePointer<Float>) throws(ModelError) {
    let count = reader.elementCount(name)
    try reader.convert(name) { ck_convert($0, $1, count, scale, place) }
  }

  func norm(_ name: String) throws(ModelError) -> LayerNorm {
    LayerNorm(gamma: try tensor("\(name).weight"), beta: try tensor("\(name).bias"))
  }

  /// A layer of the classification head, f32 at each precision.
  func head(_ name: String, outputs: Int) throws(ModelError) -> Linear {
    let bias = try tensor("\(name).bias")
    return Linear(
      form: .rows, inputs: reader.configuration.dimension, outputs: outputs, weights: try tensor("\(name).weight"), bias: bias)
  }
}
