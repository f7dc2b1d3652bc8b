// Written by scripts/make_golden_logits.py.

extension SyntheticModel {
  /// Shapes, and PyTorch's logits (f64) for `sequences` of each.
  static let golden: [(model: SyntheticModel, logits: [[Double]])] = [
    (
      SyntheticModel(
        name: "relu, three labels, one layer", dimension: 48, heads: 3, layers: 1, hiddenDimension: 96, activation: "relu",
        labels: 3, vocabularySize: 120, positions: 40),
      [
        [0.549854448, -0.127740766, 0.145640374],
        [-0.186839993, 0.425232726, -0.357625662],
        [-0.180656154, 0.902512391, 0.037565862],
        [0.616589768, 0.237546964, 0.145011594],
      ]
    ),
    (
      SyntheticModel(
        name: "narrow heads, one label", dimension: 20, heads: 5, layers: 2, hiddenDimension: 30, activation: "gelu",
        labels: 1, vocabularySize: 50, positions: 17),
      [
        [-0.210234125],
        [-0.046930768],
        [-0.119541416],
      ]
    ),
    (
      SyntheticModel(
        name: "no multiple of 16, five labels", dimension: 300, heads: 5, layers: 3, hiddenDimension: 700, activation: "gelu",
        labels: 5, vocabularySize: 200, positions: 160),
      [
        [-1.229455150, -5.028194763, 6.615139553, 0.322375088, -8.184695584],
        [1.950546466, 0.502459122, 3.662258003, -6.484612216, -9.821297518],
        [-0.439282478, -2.095848134, 2.721713949, 0.591778743, -9.903666973],
        [-1.474405357, -6.250441704, 3.814960591, -2.456309827, -10.758620774],
      ]
    ),
    (
      SyntheticModel(
        name: "one head of width 128", dimension: 128, heads: 1, layers: 2, hiddenDimension: 512, activation: "relu",
        labels: 2, vocabularySize: 99, positions: 70),
      [
        [-3.026191651, 4.381616180],
        [-3.437399726, 2.844247640],
        [-5.294723730, 2.637333229],
        [-4.066207628, 4.177127292],
      ]
    ),
    (
      SyntheticModel(
        name: "no layers", dimension: 64, heads: 4, layers: 0, hiddenDimension: 64, activation: "gelu",
        labels: 2, vocabularySize: 30, positions: 10),
      [
        [-0.208035374, 0.943962506],
        [0.462444071, 0.424159121],
        [-0.369879098, 0.873199697],
      ]
    ),
  ]
}
