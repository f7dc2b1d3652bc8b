import CKernels
import Foundation

/// A DistilBERT sequence classifier, loaded from the directory that Hugging Face's `save_pretrained` writes. Immutable; all
/// lanes share it.
public final class Model: Sendable {
  public let configuration: ModelConfiguration
  /// The precision asked for.
  public let precision: Precision
  /// The precision that is computed in: `precision`, but f32 for bf16 on a CPU without it.
  public var effectivePrecision: Precision { weights.precision }
  /// The instruction set of the fused kernels.
  public let kernelPath: KernelPath
  /// The directory's name, or owner/name where it is a snapshot in a Hugging Face cache.
  public let name: String
  /// 16 hexadecimal digits that tell this model from any other: a 64-bit checksum (`hash.c`) of `config.json`,
  /// `model.safetensors` and those of `vocabularyFiles` that are there, byte for byte in pieces of 16 MiB. Not cryptographic.
  public let fingerprint: String
  /// Tensors of the checkpoint that the architecture does not use, sorted; usually none.
  public let unusedTensors: [String]
  /// How many weights the checkpoint stores in each type: `F32`, `F16`, `BF16`; tensors that are not used left out.
  public let storedWeights: [String: Int]
  /// What this engine reads otherwise than the directory's author may have meant, each a sentence for a log; usually none.
  public var remarks: [String] {
    let remarks = configuration.remarks + (precisionRemark.map { [$0] } ?? [])
    guard let first = unusedTensors.first else { return remarks }
    let number = unusedTensors.count == 1 ? "a tensor" : "\(unusedTensors.count) tensors"
    return remarks + [
      "model.safetensors has \(number) that a DistilBERT sequence classifier does not use, and that this engine ignores: "
        + printable(first) + (unusedTensors.count == 1 ? "." : ", …")
    ]
  }
  private var precisionRemark: String? {
    if effectivePrecision == precision { return nil }
    let reason =
      KernelPath.allCases.contains { $0.isSupported && $0.bf16Kernels != nil }
      ? "the kernels chosen, \(kernelPath.rawValue), have no products of it"
      : "this CPU has no instructions for it (AVX-512 BF16)"
    return "precision \(precision.rawValue) is computed in \(effectivePrecision.rawValue): \(reason)."
  }
  let weights: PreparedWeights

  /// Label of each class, by class index.
  public var labels: [String] { configuration.labels }
  /// Number of weights.
  public var parameterCount: Int { configuration.parameterCount }
  /// Memory of the weights in bytes, as loaded.
  public var weightBytes: Int { weights.bytes }
  var kernels: ck_kernels { kernelPath.kernels }

  /// Loads `config.json` and `model.safetensors` (F32, F16 or BF16, also mixed) from a directory. Any other file is ignored.
  ///
  /// The checkpoint is memory-mapped while its weights are converted into memory of this process, and let go then: a file that is
  /// cut off later harms nothing. `SENTIMENT_KERNELS` (``KernelPath``) forces the kernels' instruction set.
  ///
  /// Throws a `ModelError` that names file, tensor or field, what was expected and what was found, whatever the directory holds.
  public convenience init(directory: URL, precision: Precision = .f32) throws(ModelError) {
    let path = try KernelPath.chosen(in: ProcessInfo.processInfo.environment)
    try self.init(directory: directory, precision: precision, kernelPath: path)
  }

  /// The same with the kernels' instruction set given; throws `.unsupportedKernels` if this machine does not run it.
  public init(directory: URL, precision: Precision = .f32, kernelPath: KernelPath) throws(ModelError) {
    try kernelPath.checkSupported()
    let (configuration, configurationBytes) = try ModelConfiguration.read(from: directory)
    let checkpoint = try Self.checkpoint(in: directory)
    let vocabulary = Self.vocabularyFiles.compactMap { try? MappedFile(path: directory.appending(path: $0).path) }
    fingerprint = Self.fingerprint(of: [checkpoint.file] + vocabulary, after: configurationBytes)
    let reader = try CheckpointReader(checkpoint, as: configuration)
    weights = try PreparedWeights(reader, precision: precision, kernels: kernelPath)
    storedWeights = reader.storedWeights
    unusedTensors = CheckpointReader.unusedTensors(of: checkpoint, as: configuration)
    name = Self.name(of: directory)
    self.configuration = configuration
    self.precision = precision
    self.kernelPath = kernelPath
  }

  private static func checkpoint(in directory: URL) throws(ModelError) -> Safetensors {
    let path = directory.appending(path: "model.safetensors").path
    if !FileManager.default.fileExists(atPath: path), let error = ModelError(weightsElsewhereIn: directory, file: path) {
      throw error
    }
    return try Safetensors(file: MappedFile(path: path))
  }

  /// What multiplies at the effective precision, for logs: the kernels' instruction set, beside OpenBLAS and its choice where that is used.
  public var kernelDescription: String {
    switch effectivePrecision {
    case .f32 where kernelPath.kernels.panel_product == nil: "openblas \(MatrixProduct.coreName), \(kernelPath.rawValue)"
    case .f32, .bf16, .int8: kernelPath.rawValue
    }
  }

  /// What computes: OpenBLAS's version and build, the CPU kernels it chose, the fused kernels' instruction set, CPU features.
  public static var runtimeDescription: String {
    let path = (try? KernelPath.chosen(in: ProcessInfo.processInfo.environment)) ?? .best
    let features = KernelPath.cpuFeatures.joined(separator: " ")
    return "\(MatrixProduct.libraryDescription.trimmingCharacters(in: .whitespaces)); core \(MatrixProduct.coreName); "
      + "kernels \(path.rawValue); CPU \(features)"
  }

  /// What turns texts into token ids, and so changes labels as weights do.
  private static let vocabularyFiles = ["vocab.txt", "tokenizer.json", "tokenizer_config.json"]

  /// Bytes hashed at a time, each piece seeded with the hash of what comes before it.
  private static let fingerprintPiece = 16 << 20

  private static func fingerprint(of files: [MappedFile], after configuration: [UInt8]) -> String {
    var hash = ck_hash(configuration, configuration.count, 0)
    for file in files {
      guard let base = file.bytes.baseAddress else { continue }
      for start in stride(from: 0, to: file.bytes.count, by: fingerprintPiece) {
        let end = min(start + fingerprintPiece, file.bytes.count)
        hash = ck_hash(base + start, end - start, hash)
        file.release(start..<end)
      }
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// `models--owner--name/snapshots/<commit>` is how a Hugging Face cache names owner/name.
  private static func name(of directory: URL) -> String {
    let components = directory.standardizedFileURL.pathComponents
    if let cached = components.dropLast().last(where: { $0.hasPrefix("models--") }) {
      return String(cached.dropFirst("models--".count)).replacing("--", with: "/")
    }
    return components.last { $0 != "/" } ?? "model"
  }
}
