import CKernels
import Foundation

/// The instruction peak of this machine at a precision: what a core does if it multiplies and adds in registers and does
/// nothing else. How much of it a forward pass reaches says how far it is from the limit of the CPU.
public struct InstructionPeak: Sendable {
  private let kind: ck_peak
  private let path: ck_path

  /// The peak of the instructions that `model` multiplies with; OpenBLAS takes the widest that the CPU has.
  public init(of model: Model) { self.init(at: model.effectivePrecision, path: model.kernelPath) }

  /// The same for whatever model is computed at that precision, on the path that the environment forces or the best one.
  public init(at precision: Precision) {
    self.init(at: precision, path: (try? KernelPath.chosen(in: ProcessInfo.processInfo.environment)) ?? .best)
  }

  private init(at precision: Precision, path: KernelPath) {
    switch precision {
    case .f32:
      kind = CK_PEAK_F32
      self.path = path.kernels.panel_product == nil ? KernelPath.best.identifier : path.identifier
    case .bf16:
      kind = CK_PEAK_BF16
      self.path = path.identifier
    case .int8:
      kind = CK_PEAK_INT8
      self.path = path.identifier
    }
  }

  /// Keeps the calling thread busy for about a tenth of a millisecond. Returns the operations done, a multiplication and an
  /// addition counted as two; 0 if there are no such instructions to measure, as on the portable path.
  public func run() -> Double { ck_peak_run(kind, path) }
}
