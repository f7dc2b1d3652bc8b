import Foundation

/// How a worker watches its labels for drift.
struct DriftOptions: Sendable {
  var limits: Drift.Limits
  /// Keeps the baseline.
  var file: DriftBaselineFile?
  /// The one that was kept.
  var baseline: LabelDistribution?
}

extension Double {
  /// To base e.
  var logarithm: Double { Foundation.log(self) }
}

/// How the labels of late differ from those of a baseline period: the first sign of a stream, or of a model, that is no longer what it
/// was. Pure.
///
/// The baseline is the first `baselineRecords` labelled records, or one that was kept. The recent ones are the last
/// `window`, in blocks, so that they take no more memory than some blocks.
struct Drift: Sendable {
  struct Limits: Sendable, Equatable {
    /// Labelled records of the baseline.
    var baselineRecords: Int
    /// Labelled records that it is compared with, the latest ones.
    var window: Int
  }

  /// What can be told at one moment.
  struct Look: Sendable, Equatable {
    var baselineRecords: Int
    var isBaselineComplete: Bool
    var recentRecords: Int
    /// What follows is nil until the baseline is complete and a window's worth of records has come after it.
    var stabilityIndex: Double?
    /// Recent mean confidence less the baseline's, -1…1.
    var confidenceChange: Double?
    /// Recent share less the baseline's, -1…1, by class index.
    var shareChanges: [Double]?
  }

  private static let blocks = 10

  let limits: Limits
  private(set) var baseline: LabelDistribution
  private(set) var isBaselineComplete: Bool
  /// Full blocks, the oldest first.
  private var full: [LabelDistribution] = []
  private var current: LabelDistribution

  /// - Parameter baseline: one that was kept, which is complete.
  init(_ limits: Limits, classes: Int, baseline: LabelDistribution? = nil) {
    self.limits = limits
    self.baseline = baseline ?? LabelDistribution(classes: classes)
    isBaselineComplete = baseline != nil
    current = LabelDistribution(classes: classes)
    full.reserveCapacity(Self.blocks + 1)
  }

  private var blockRecords: Int { max(1, limits.window / Self.blocks) }

  mutating func note(label: Int, confidence: Float) {
    guard isBaselineComplete else {
      baseline.note(label: label, confidence: confidence)
      isBaselineComplete = baseline.records >= limits.baselineRecords
      return
    }
    current.note(label: label, confidence: confidence)
    guard current.records >= blockRecords else { return }
    full.append(current)
    if full.count > Self.blocks { full.removeFirst() }
    current = LabelDistribution(classes: current.classes)
  }

  var look: Look {
    var recent = current
    for block in full { recent.add(block) }
    var look = Look(
      baselineRecords: baseline.records, isBaselineComplete: isBaselineComplete, recentRecords: recent.records)
    // A few records always look unlike many.
    guard isBaselineComplete, full.count >= Self.blocks, let mean = recent.meanConfidence, let before = baseline.meanConfidence
    else {
      return look
    }
    look.stabilityIndex = recent.stabilityIndex(against: baseline)
    look.confidenceChange = mean - before
    look.shareChanges = (0..<recent.classes).map { (recent.share(of: $0) ?? 0) - (baseline.share(of: $0) ?? 0) }
    return look
  }
}
