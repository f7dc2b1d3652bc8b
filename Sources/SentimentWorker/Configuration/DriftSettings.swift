import Settings

/// Settings of how labels are watched for drift.
enum DriftSettings {
  static let baseline = Setting<Int>(
    "stats.drift-baseline", default: 10_000, allowed: .range(0...100_000_000), unit: "records",
    summary: "Labelled records that later ones are compared with: the first ones; 0 for no comparison.")
  static let window = Setting<Int>(
    "stats.drift-window", default: 2_000, allowed: .range(100...100_000_000), unit: "records",
    summary: "Latest labelled records that are compared with them.")
  static let file = Setting<String?>(
    "stats.drift-file", default: nil,
    summary: "File that keeps the baseline, for the next start and for other workers of the same model.",
    discussion:
      "Read at the start if it is there, and written when the baseline is complete. One of another model is replaced by a new one.",
    placeholder: "FILE", defaultNote: "none: each start begins a baseline of its own", completes: .file)

  static let all: [any AnySetting] = [baseline, window, file]

  /// Nil for no comparison.
  static func limits(_ values: SettingValues) -> Drift.Limits? {
    let records = values[baseline]
    return records == 0 ? nil : Drift.Limits(baselineRecords: records, window: values[window])
  }
}
