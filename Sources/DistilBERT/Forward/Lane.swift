import CKernels

/// Runs a model on one thread or a few: a workspace, and the forward pass over batches of token ids.
///
/// Most throughput comes from a lane of one thread on each core; all share the model. A lane of several threads splits each
/// batch, down to a single sequence, over them: it answers soonest. A lane is not `Sendable`: it belongs to the thread that uses
/// it, whatever threads it has of its own. A forward pass allocates nothing (but `logits` where it has no capacity yet).
///
/// A sequence's logits are the same bits whatever shares its batch, wherever it stands in it, whichever lane runs it and on how
/// many threads: at f32 and bf16 on one CPU type, at int8 on any CPU.
public final class Lane {
  public let model: Model
  /// Longest sequence, in tokens, that this lane takes: the model's `maximumPositions`, or `maximumTokens` if that is less.
  public let longestSequence: Int
  /// Memory of the workspace in bytes; `Workspace` and `CodedWorkspace` give the formulas. OpenBLAS, where it
  /// is used, keeps a few MB more per thread.
  public var workspaceBytes: Int { pass.workspaceBytes }
  /// Threads that compute a batch, the caller's included.
  public let threads: Int

  /// Whether forward passes time their stages; not at first. It costs about a thousandth of a pass.
  public var measuresStages: Bool {
    get { pass.clock.isOn }
    set { pass.clock.isOn = newValue }
  }
  /// Time in each stage of the passes measured since `resetStageTimes()`, on the lane's own thread.
  public var stageTimes: StageTimes { pass.clock.times }
  public func resetStageTimes() { pass.clock.reset() }

  private let pass: any ForwardPass
  private let team: Team

  /// Prepares a workspace for batches of any size. It is sized by `maximumTokens` (≥ 1), up to the larger of 1,024 tokens and
  /// one longest sequence: larger batches are computed in slices, at the same speed.
  /// - Parameter threads: 1 ... 256. All but the calling one are started here, wait without using the CPU between batches, and
  ///   end with the lane.
  /// - Throws: `.outOfMemory`, or `.noThread` if the system refuses a thread.
  public init(model: Model, maximumTokens: Int = 4_096, threads: Int = 1) throws(ModelError) {
    guard maximumTokens >= 1 else {
      throw ModelError(
        .invalidInput, subject: "maximumTokens", expected: "1 or more", found: "\(maximumTokens)",
        advice: "Give the token budget of a batch.")
    }
    guard Self.threadCounts.contains(threads) else {
      throw ModelError(
        .invalidInput, subject: "threads", expected: "1 … \(Self.threadCounts.upperBound)", found: "\(threads)",
        advice: "Give as many threads as cores should share one batch.")
    }
    self.model = model
    self.threads = threads
    let configuration = model.configuration
    let passes: [any ForwardPass]
    switch model.weights {
    case .f32(let weights):
      longestSequence = min(maximumTokens, configuration.maximumPositions)
      passes = try F32Pass.team(
        of: threads, configuration, weights: weights, kernels: model.kernels, maximumTokens: maximumTokens,
        longestSequence: longestSequence)
    case .int8(let weights):
      longestSequence = min(maximumTokens, configuration.maximumPositions, Int(CK_I8_LARGEST_DEPTH))
      passes = try CodedPass.team(
        of: threads, configuration, weights: weights, format: Int8Format(kernels: model.kernelPath.int8Kernels),
        floatKernels: model.kernels, maximumTokens: maximumTokens, longestSequence: longestSequence)
    case .bf16(let weights, let kernels):
      longestSequence = min(maximumTokens, configuration.maximumPositions)
      passes = try CodedPass.team(
        of: threads, configuration, weights: weights, format: BF16Format(kernels: kernels), floatKernels: model.kernels,
        maximumTokens: maximumTokens, longestSequence: longestSequence)
    }
    pass = passes[0]
    team = try Team(passes)
  }

  /// Threads that a lane may have.
  public static let threadCounts = 1...256

  /// Computes the logits of a batch.
  ///
  /// - Parameters:
  ///   - ids: the sequences' token ids one after the other, `[CLS]` first in each, each in 0 ..< vocabularySize.
  ///   - lengths: tokens of each sequence, 1 … `longestSequence`; they add up to `ids.count`.
  ///   - logits: becomes (sequences × labels) values, one sequence after the other, labels by class index.
  /// - Returns: the indices of the sequences with a logit that is NaN or infinite; nearly always empty. Such logits label nothing.
  /// - Throws: `.invalidInput` that names the sequence; `logits` is then meaningless.
  public func forward(ids: [Int32], lengths: [Int], logits: inout [Float]) throws(ModelError) -> [Int] {
    try check(lengths, tokens: ids.count)
    let vocabulary = model.configuration.vocabularySize
    if let bad = ids.firstIndex(where: { $0 < 0 || $0 >= vocabulary }) {
      throw outsideVocabulary(ids[bad], at: bad, lengths: lengths)
    }
    resize(&logits, to: lengths.count * model.labels.count)
    ids.withUnsafeBufferPointer { ids in
      lengths.withUnsafeBufferPointer { lengths in
        logits.withUnsafeMutableBufferPointer { logits in run(ids: ids, lengths: lengths, logits: logits) }
      }
    }
    return notFinite(logits)
  }

  /// Computes slice after slice.
  private func run(
    ids: UnsafeBufferPointer<Int32>, lengths: UnsafeBufferPointer<Int>, logits: UnsafeMutableBufferPointer<Float>
  ) {
    guard let ids = ids.baseAddress, let logits = logits.baseAddress else { return }
    var token = 0
    var start = 0
    while start < lengths.count {
      var end = start
      var rows = 0
      var tokens = 0
      while end < lengths.count, rows + pass.rows(of: lengths[end]) <= pass.rows {
        rows += pass.rows(of: lengths[end])
        tokens += lengths[end]
        end += 1
      }
      team.run(
        Slice(
          ids: ids + token, lengths: UnsafeBufferPointer(rebasing: lengths[start..<end]),
          logits: logits + start * model.labels.count))
      token += tokens
      start = end
    }
  }

  private func check(_ lengths: [Int], tokens: Int) throws(ModelError) {
    var total = 0
    for (index, length) in lengths.enumerated() {
      guard length >= 1, length <= longestSequence else {
        throw ModelError(
          .invalidInput, subject: "length of sequence \(index)", expected: "1 … \(longestSequence) tokens", found: "\(length)",
          advice: "Truncate texts when they are tokenised.")
      }
      total += length
    }
    guard total == tokens else {
      throw ModelError(
        .invalidInput, subject: "ids", expected: "\(total), the sum of the lengths", found: "\(tokens)",
        advice: "Pass the ids of all sequences and nothing else.")
    }
  }

  private func outsideVocabulary(_ id: Int32, at position: Int, lengths: [Int]) -> ModelError {
    var sequence = 0
    var position = position
    while position >= lengths[sequence] {
      position -= lengths[sequence]
      sequence += 1
    }
    return ModelError(
      .invalidInput, subject: "token \(position) of sequence \(sequence)",
      expected: "an id in 0 ..< \(model.configuration.vocabularySize)", found: "\(id)",
      advice: "Tokenise with the vocabulary of this model.")
  }

  private func resize(_ logits: inout [Float], to count: Int) {
    if logits.count > count {
      logits.removeLast(logits.count - count)
    } else if logits.count < count {
      logits.append(contentsOf: repeatElement(0, count: count - logits.count))
    }
  }

  private func notFinite(_ logits: [Float]) -> [Int] {
    let labels = model.labels.count
    var result: [Int] = []
    for (index, logit) in logits.enumerated() where !logit.isFinite && result.last != index / labels {
      result.append(index / labels)
    }
    return result
  }
}
