import DistilBERT
import Kafka
import Telemetry

/// Everything a scrape tells. Names, units and meanings are documented in docs/metrics.md.
struct MetricsPage {
  /// Upper bounds of the durations' buckets, in seconds: a tokenised record takes microseconds, an old one minutes.
  static let bounds = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

  var snapshot: StatsSnapshot
  var load: PipelineLoad
  var isPaused: Bool
  var lag: [TopicPartition: Int64]
  var secondsToDrain: Double
  var stalled: [String]
  var stalls: Int
  var surroundings: StatsReporter.Surroundings

  func write(_ text: inout PrometheusText) {
    writeModel(&text)
    writeRecords(&text)
    writeLoad(&text)
    writeLanes(&text)
    writeLatencies(&text)
    writeEvents(&text)
  }

  private func name(_ end: String) -> String { "sentiment_worker_\(end)" }

  private func writeModel(_ text: inout PrometheusText) {
    let model = surroundings.model
    text.gauge(
      name("model_info"), help: "The model that labels are given by; always 1.",
      [.init(1, ["model": model.name, "fingerprint": model.fingerprint, "precision": model.precision, "kernels": model.kernels])])
  }

  private func writeRecords(_ text: inout PrometheusText) {
    let resolved = snapshot.resolved
    text.counter(name("records_consumed_total"), help: "Records read from the input topic.", [.init(snapshot.consumed)])
    text.counter(
      name("records_resolved_total"),
      help: "Records that were acknowledged by the broker (exactly once: committed) or skipped, by what became of them.",
      [
        .init(resolved.labelled, ["action": "labelled"]), .init(resolved.passedThrough, ["action": "passed-through"]),
        .init(resolved.deadLettered, ["action": "dead-lettered"]), .init(resolved.skipped, ["action": "skipped"]),
      ])
    text.counter(
      name("tokens_total"), help: "Tokens of labelled records, [CLS] and [SEP] included.", [.init(resolved.tokens)])
    text.counter(
      name("labels_total"), help: "Labelled records by label.",
      zip(surroundings.labels, resolved.labels).map { .init($1, ["label": $0]) })
    text.summary(
      name("label_confidence_ratio"), help: "Probability of the given labels, 0 to 1.", sum: resolved.confidenceSum,
      count: resolved.labelled)
    if let drift = snapshot.drift { writeDrift(drift, &text) }
    text.counter(
      name("dead_letters_total"), help: "Dead-lettered records by reason.", byReason(resolved.deadLetters))
    text.counter(
      name("pass_throughs_total"), help: "Records passed through unlabelled, by reason.", byReason(resolved.passThroughs))
    text.counter(name("skips_total"), help: "Records left out by policy, by reason.", byReason(resolved.skips))
  }

  private func writeDrift(_ drift: Drift.Look, _ text: inout PrometheusText) {
    text.gauge(
      name("drift_baseline_records"), help: "Labelled records of the baseline that recent ones are compared with.",
      [.init(drift.baselineRecords)])
    text.gauge(
      name("drift_baseline_complete"), help: "1 once the baseline has as many as it is to have.",
      [.init(drift.isBaselineComplete ? 1 : 0)])
    text.gauge(
      name("drift_recent_records"), help: "Labelled records that are compared with the baseline.", [.init(drift.recentRecords)])
    text.gauge(
      name("drift_stability_index"),
      help:
        "Population stability index of recent labels and confidences against the baseline: below 0.1 little has changed, above 0.25 much; NaN until it is known.",
      [.init(drift.stabilityIndex ?? .nan)])
    text.gauge(
      name("drift_confidence_change_ratio"), help: "Recent mean confidence less the baseline's, -1 to 1; NaN until it is known.",
      [.init(drift.confidenceChange ?? .nan)])
    text.gauge(
      name("drift_label_share_change_ratio"),
      help: "Recent share of a label less the baseline's, -1 to 1; NaN until it is known.",
      surroundings.labels.enumerated().map { .init(drift.shareChanges?[$0.offset] ?? .nan, ["label": $0.element]) })
  }

  /// Every reason that may come up, so that the first time is seen as a rise and not as a new series.
  private func byReason(_ counts: [String: Int]) -> [PrometheusText.Sample] {
    let reasons = Set(Unusable.Reason.allCases.map(\.rawValue)).union(counts.keys)
    return reasons.sorted().map { .init(counts[$0, default: 0], ["reason": $0]) }
  }

  private func writeLoad(_ text: inout PrometheusText) {
    text.gauge(name("waiting_records"), help: "Records that wait for a lane.", [.init(load.waitingRecords)])
    text.gauge(name("waiting_tokens"), help: "Tokens that wait for a lane.", [.init(load.waitingTokens)])
    text.gauge(
      name("in_flight_records"), help: "Records between consumption and acknowledgement.", [.init(load.recordsInFlight)])
    text.gauge(
      name("in_flight_tokens"), help: "Tokens between consumption and acknowledgement.", [.init(load.tokensInFlight)])
    text.gauge(name("in_flight_bytes"), help: "Bytes between consumption and acknowledgement.", [.init(load.bytesInFlight)])
    text.gauge(
      name("paused"), help: "1 while a bound of what may be in flight keeps consumption still.", [.init(isPaused ? 1 : 0)])
    text.gauge(
      name("lag_records"), help: "Records behind the end of an assigned partition.",
      lag.sorted { $0.key.partition < $1.key.partition }.map {
        .init(Double($0.value), ["topic": $0.key.topic, "partition": String($0.key.partition)])
      })
    text.gauge(
      name("drain_seconds"),
      help: "How long the assigned partitions' backlog takes at the speed of the last minute; +Inf while nothing moves.",
      [.init(secondsToDrain)])
  }

  private func writeLanes(_ text: inout PrometheusText) {
    text.gauge(name("lanes"), help: "Engine lanes.", [.init(surroundings.lanes)])
    text.counter(
      name("lane_busy_seconds_total"), help: "Time spent labelling, over all lanes.",
      [.init(Double(snapshot.laneNanoseconds) / 1e9)])
    text.counter(name("batches_total"), help: "Micro-batches that lanes have run.", [.init(snapshot.batches)])
    text.counter(name("batch_records_total"), help: "Records in those.", [.init(snapshot.batchRecords)])
    text.counter(name("batch_tokens_total"), help: "Tokens in those.", [.init(snapshot.batchTokens)])
    text.gauge(name("batch_tokens_limit"), help: "Tokens of a full micro-batch.", [.init(surroundings.batchTokenLimit)])
  }

  private func writeLatencies(_ text: inout PrometheusText) {
    text.durations(
      name("stage_duration_seconds"), help: "Time that records spent in each stage of their path.", bounds: Self.bounds,
      snapshot.stages.named.map { (["stage": $0.name], $0.value) })
    text.durations(
      name("transaction_commit_duration_seconds"), help: "From the decision to commit to its confirmation.",
      bounds: Self.bounds, [([:], snapshot.transactionCommit)])
  }

  private var watchedParts: [String] {
    [WatchedPart.polling, .deliveries].map(\.name) + (0..<surroundings.lanes).map { WatchedPart.lane($0).name } + ["watchdog"]
  }

  private func writeEvents(_ text: inout PrometheusText) {
    text.counter(
      name("errors_total"),
      help: "Errors met, most of which are retried by themselves; label: runs of the model that failed and were tried again.",
      [
        .init(snapshot.consumeErrors, ["operation": "consume"]), .init(snapshot.produceErrors, ["operation": "produce"]),
        .init(snapshot.commitErrors, ["operation": "commit"]), .init(snapshot.labelErrors, ["operation": "label"]),
      ])
    text.counter(
      name("transactions_total"), help: "Transactions of exactly-once delivery, by how they ended.",
      [
        .init(snapshot.transactionsCommitted, ["outcome": "committed"]),
        .init(snapshot.transactionsAborted, ["outcome": "aborted"]),
      ])
    text.counter(
      name("rebalances_total"), help: "Assignments, revocations and losses of partitions.", [.init(snapshot.rebalances)])
    text.counter(name("pauses_total"), help: "How often consumption stood still at a bound.", [.init(snapshot.pauses)])
    text.counter(
      name("stalls_total"), help: "How often a part of the worker stood still for too long.", [.init(stalls)])
    text.gauge(
      name("stalled"), help: "1 for a part of the worker that stands still.",
      watchedParts.map { .init(stalled.contains($0) ? 1 : 0, ["part": $0]) })
  }
}
