import Foundation
import Telemetry

/// A baseline on disk, so that it outlives the process, and can be shared by a fleet.
struct DriftBaselineFile: Sendable {
  let path: String

  private struct Contents: Codable {
    struct Model: Codable, Equatable {
      var name: String
      var fingerprint: String
      var precision: String
    }

    var version: Int
    var model: Model
    var labels: [String]
    var bounds: [Float]
    /// By label and, inside of it, by bucket of confidence.
    var counts: [[Int]]
    var confidenceSum: Double
  }

  private static let version = 1

  enum Found {
    case baseline(LabelDistribution)
    case nothing
    /// A baseline, but of another model, which says nothing of this one.
    case ofAnotherModel(String)
  }

  /// - Throws: `WorkerError` of kind `usage` for a file that cannot be read, or is no baseline.
  func read(for model: ModelIdentity, labels: [String]) throws(WorkerError) -> Found {
    guard FileManager.default.fileExists(atPath: path) else { return .nothing }
    let contents: Contents
    do {
      contents = try JSONDecoder().decode(Contents.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch let error as DecodingError {
      throw broken("it is no baseline: \(error.words)")
    } catch {
      throw WorkerError(.usage, "stats.drift-file: \(path) cannot be read: \(SystemError.text(SystemError.code(of: error)))")
    }
    guard contents.version == Self.version else { throw broken("its version is \(contents.version), not \(Self.version)") }
    guard contents.model == Self.model(model), contents.labels == labels else {
      return .ofAnotherModel("\(contents.model.name) \(contents.model.fingerprint) \(contents.model.precision)")
    }
    guard contents.bounds == LabelDistribution.bounds, contents.counts.count == labels.count,
      let found = LabelDistribution(
        classes: labels.count, counts: contents.counts.flatMap { $0 }, confidenceSum: contents.confidenceSum),
      found.records > 0
    else { throw broken("its counts are not of \(labels.count) labels and \(LabelDistribution.buckets) buckets") }
    return .baseline(found)
  }

  private func broken(_ why: String) -> WorkerError {
    WorkerError(.usage, "stats.drift-file: \(path): \(why). Remove it to begin a new baseline, or name another file")
  }

  private static func model(_ model: ModelIdentity) -> Contents.Model {
    .init(name: model.name, fingerprint: model.fingerprint, precision: model.precision)
  }

  /// Puts the file in its place when it is whole.
  /// - Throws: Foundation's error.
  func write(_ baseline: LabelDistribution, of model: ModelIdentity, labels: [String]) throws {
    let buckets = LabelDistribution.buckets
    let counts = labels.indices.map { Array(baseline.counts[$0 * buckets..<($0 + 1) * buckets]) }
    let contents = Contents(
      version: Self.version, model: Self.model(model), labels: labels, bounds: LabelDistribution.bounds, counts: counts,
      confidenceSum: baseline.confidenceSum)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    try encoder.encode(contents).write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}

/// Writes a worker's baseline to its file once it is complete.
final class BaselineKeeping: Sendable {
  private let file: DriftBaselineFile
  private let isKept = Locked(false)

  /// - Returns: nil where there is nothing to keep.
  init?(_ options: DriftOptions?) {
    guard let file = options?.file, options?.baseline == nil else { return nil }
    self.file = file
  }

  /// To be called now and then. What cannot be written is tried again, and logged.
  func keep(_ metrics: WorkerMetrics, of model: any LabellingModel, _ log: Logger) {
    guard !isKept.withLock({ $0 }), let drift = metrics.drift?.withLock({ $0 }), drift.isBaselineComplete else { return }
    do {
      try file.write(drift.baseline, of: model.identity, labels: model.labels)
      isKept.withLock { $0 = true }
      log.info("the baseline of labels is complete and kept", ["file": "\(file.path)"])
    } catch {
      log.warning(
        "the baseline of labels cannot be kept",
        ["file": "\(file.path)", "error": "\(SystemError.text(SystemError.code(of: error)))"])
    }
  }
}

extension DecodingError {
  fileprivate var words: String {
    switch self {
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context), .dataCorrupted(let context):
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      return path.isEmpty ? context.debugDescription : "\(path): \(context.debugDescription)"
    @unknown default: return "\(self)"
    }
  }
}
