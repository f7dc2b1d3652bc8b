import CKernels

/// The instruction set that the kernels run on, slowest first. Each gives the same bits for the same input, but for the
/// portable one on x86-64, whose f32 matrix products go through OpenBLAS.
public enum KernelPath: String, Sendable, CaseIterable {
  case portable
  case neonDot = "neon-dot"
  case avx2
  case avxVNNI = "avx-vnni"
  case avx512
  case avx512VNNI = "avx512-vnni"
  case avx512BF16 = "avx512-bf16"

  /// The environment variable that forces one.
  public static let environmentVariable = "SENTIMENT_KERNELS"

  /// Whether this machine runs it.
  public var isSupported: Bool { ck_path_supported(identifier) }

  /// The fastest that this machine runs.
  public static var best: KernelPath { allCases.last { $0.isSupported } ?? .portable }

  /// The forced one, else the best. Throws `.unsupportedKernels` for an unknown name or one that this machine cannot run.
  public static func chosen(in environment: [String: String]) throws(ModelError) -> KernelPath {
    guard let name = environment[environmentVariable], !name.isEmpty else { return best }
    guard let path = KernelPath(rawValue: name) else { throw unsupported(name) }
    try path.checkSupported()
    return path
  }

  /// Throws `.unsupportedKernels` if this machine cannot run it.
  func checkSupported() throws(ModelError) {
    guard isSupported else { throw Self.unsupported(rawValue) }
  }

  private static func unsupported(_ name: String) -> ModelError {
    let supported = allCases.filter(\.isSupported).map(\.rawValue)
    return ModelError(
      .unsupportedKernels, subject: environmentVariable,
      expected: "one that this machine runs: \(supported.joined(separator: ", "))", found: "\"\(name)\"",
      advice: "Unset it to use the fastest, \(best.rawValue).")
  }

  var kernels: ck_kernels { ck_kernels_for(identifier).pointee }

  var int8Kernels: ck_i8_kernels { ck_i8_kernels_for(identifier).pointee }

  /// nil where it has none.
  var bf16Kernels: ck_bf16_kernels? { ck_bf16_kernels_for(identifier)?.pointee }

  var identifier: ck_path {
    switch self {
    case .portable: CK_PORTABLE
    case .neonDot: CK_NEON_DOT
    case .avx2: CK_AVX2
    case .avxVNNI: CK_AVX_VNNI
    case .avx512: CK_AVX512
    case .avx512VNNI: CK_AVX512_VNNI
    case .avx512BF16: CK_AVX512_BF16
    }
  }

  /// Names of the CPU features that matter here.
  public static var cpuFeatures: [String] {
    let features = Int(ck_cpu_features())
    let names = [
      (CK_FEATURE_AVX2, "avx2"), (CK_FEATURE_FMA, "fma"), (CK_FEATURE_AVX512, "avx512"),
      (CK_FEATURE_AVX_VNNI, "avx-vnni"), (CK_FEATURE_AVX512_VNNI, "avx512-vnni"),
      (CK_FEATURE_AVX512_BF16, "avx512-bf16"), (CK_FEATURE_NEON, "neon"), (CK_FEATURE_NEON_DOT, "neon-dot"),
    ]
    return names.filter { features & Int($0.0) != 0 }.map(\.1)
  }
}
