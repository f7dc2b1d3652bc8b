/// How much memory the weights of a model take in a number format other than f32.
struct CodedPlan {
  private var counts: [Int]
  /// Floats.
  var capacity: Int { FloatMemory.capacity(for: counts) }

  /// - Parameters:
  ///   - words: floats of the word embedding, piece by piece.
  ///   - block: inner channels of the feed-forward layers that are packed together.
  ///   - perLayer: floats that each layer takes besides its linear layers and norms, piece by piece.
  ///   - linear: floats of a packed linear layer of so many inputs and outputs, piece by piece.
  init(
    _ configuration: ModelConfiguration, words: [Int], block: Int, perLayer: [Int] = [],
    linear: (_ inputs: Int, _ outputs: Int) -> [Int]
  ) {
    let d = configuration.dimension
    let h = configuration.hiddenDimension
    let headDimension = configuration.headDimension
    counts = words + [configuration.maximumPositions * d, d, d]
    for index in 0..<configuration.layers {
      if index < configuration.layers - 1 {
        counts += linear(d, 3 * d)
      } else {
        counts += linear(d, d)
        for _ in 0..<configuration.heads { counts += linear(headDimension, d) + linear(d, headDimension) }
      }
      counts += linear(d, d) + linear(d, h)
      for first in stride(from: 0, to: h, by: block) { counts += linear(min(block, h - first), d) }
      counts += [d, d, d, d] + perLayer
    }
    let labels = configuration.labels.count
    counts += [d * d, d, labels * d, labels]
  }
}
