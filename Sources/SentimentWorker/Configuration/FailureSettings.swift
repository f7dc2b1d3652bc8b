import Settings

/// Settings of what happens when something goes wrong: messages that cannot be labelled, runs of the model that fail, work
/// that stands still.
enum FailureSettings {
  // MARK: unusable

  static let notJSON = policy("not-json", of: "that are not one JSON document, or are nested too deep")
  static let textMissing = policy("text-missing", of: "without a string at input.text-pointer")
  static let notUTF8 = policy("not-utf8", of: "that are not UTF-8, or whose text has half of a surrogate pair")
  static let emptyText = policy("empty-text", of: "whose text is empty or white space alone")
  static let tooLarge = policy("too-large", of: "larger than input.max-bytes")
  static let notEnrichable = policy(
    "not-enrichable", of: "that enrich cannot add to: no JSON object, or the member is there and somebody else's")
  static let tombstone = policy(
    "tombstone", of: "without a value, which delete their key in a compacted topic", default: .passThrough)

  private static func policy(_ kind: String, of what: String, default policy: UnusablePolicy = .deadLetter)
    -> Setting<UnusablePolicy>
  {
    Setting("unusable.\(kind)", default: policy, summary: "Messages \(what).")
  }

  static let policies: [UnusableKind: Setting<UnusablePolicy>] = [
    .notJSON: notJSON, .textMissing: textMissing, .notUTF8: notUTF8, .emptyText: emptyText, .tooLarge: tooLarge,
    .notEnrichable: notEnrichable, .tombstone: tombstone,
  ]

  // MARK: retry

  static let attempts = Setting<Int>(
    "retry.max-attempts", default: RetryLimits.standard.attempts, allowed: .range(1...1000), unit: "attempts",
    summary: "How often a record that makes the model fail is tried alone before it is dead-lettered.",
    discussion:
      "Also how often a topic that has no leader yet is asked for at the start."
  )
  static let initialBackoff = Setting<Duration>(
    "retry.initial-backoff", default: RetryLimits.standard.initialBackoff, allowed: .range(.zero ... .seconds(60)),
    summary: "Longest wait after a first failure; it doubles with each further one, and the wait is drawn from 0 to it.")
  static let maximumBackoff = Setting<Duration>(
    "retry.max-backoff", default: RetryLimits.standard.maximumBackoff, allowed: .range(.zero ... .seconds(600)),
    summary: "Longest wait between two attempts.")

  // MARK: watchdog

  static let stallTimeout = Setting<Duration>(
    "watchdog.stall-timeout", default: .seconds(60), allowed: .range(.zero ... .seconds(3600)),
    summary:
      "How long polling, a lane with a batch, or deliveries may stand still before that is an error in the log and bad health; 0 for never.",
    discussion: "More than a run of the model takes, and than delivery.drain-deadline, which a rebalance may use up.")

  // MARK: test

  static let failMarker = Setting<String?>(
    "test.fail-marker", default: nil,
    summary: "Labelling fails for every batch that holds a text with this in it, each time it is tried.", hidden: true)
  static let failEvery = Setting<Int>(
    "test.fail-every", default: 0, allowed: .range(0...1 << 30), unit: "runs",
    summary: "Every Nth run of a lane fails, and not when it is tried again; 0 for none.", hidden: true)
  static let batchDelay = Setting<Duration>(
    "test.batch-delay", default: .zero, allowed: .range(.zero ... .seconds(3600)),
    summary: "How much longer every run of a lane takes.", hidden: true)

  static let unusable = SettingsTable.Group(
    "unusable",
    summary: """
      What becomes of messages that cannot be labelled, by kind. dead-letter: to the dead-letter topic; skip: counted and left \
      out; pass-through: to the output topic as they are; fail: the worker ends before it.
      """, [notJSON, textMissing, notUTF8, emptyText, tooLarge, notEnrichable, tombstone])
  static let retry = SettingsTable.Group(
    "retry", summary: "How what fails is tried again.", [attempts, initialBackoff, maximumBackoff])
  static let watchdog = SettingsTable.Group("watchdog", summary: "When work that stands still is an error.", [stallTimeout])
  static let testHooks: [any AnySetting] = [failMarker, failEvery, batchDelay]

  static func unusablePolicies(_ values: SettingValues) -> UnusablePolicies {
    UnusablePolicies(policies.mapValues { values[$0] })
  }

  static func retryLimits(_ values: SettingValues) -> RetryLimits {
    RetryLimits(
      attempts: values[attempts], initialBackoff: values[initialBackoff], maximumBackoff: values[maximumBackoff])
  }

  /// What the test hooks ask for; nil when none is set.
  static func faults(_ values: SettingValues) -> FaultyModel.Faults? {
    let faults = FaultyModel.Faults(
      marker: Array((values[failMarker] ?? "").utf8), everyNthRun: values[failEvery], delay: values[batchDelay])
    return faults == FaultyModel.Faults() ? nil : faults
  }
}
