import DistilBERT
import Telemetry

/// Everything the counters say at one moment.
struct StatsSnapshot: Sendable {
  var time: UTCTime
  var at: Nanoseconds
  var resolved: WorkerMetrics.Resolved
  var stages: WorkerMetrics.Stages<HistogramSnapshot>
  var consumed: Int
  var batches: Int
  var batchRecords: Int
  var batchTokens: Int
  var laneNanoseconds: Int
  var pauses: Int
  var rebalances: Int
  var consumeErrors: Int
  var produceErrors: Int
  var commitErrors: Int
  var labelErrors: Int
  var transactionsCommitted: Int
  var transactionsAborted: Int
  var transactionCommit: HistogramSnapshot
  /// Nil where it is not watched.
  var drift: Drift.Look?

  init(_ metrics: WorkerMetrics, time: UTCTime, at: Nanoseconds) {
    self.time = time
    self.at = at
    resolved = metrics.resolved
    stages = metrics.stages.map { $0.snapshot() }
    consumed = metrics.consumed.value
    batches = metrics.lanes.batches.value
    batchRecords = metrics.lanes.records.value
    batchTokens = metrics.lanes.tokens.value
    laneNanoseconds = metrics.lanes.busyNanoseconds.value
    pauses = metrics.pauses.value
    rebalances = metrics.rebalances.value
    consumeErrors = metrics.consumeErrors.value
    produceErrors = metrics.produceErrors.value
    commitErrors = metrics.commitErrors.value
    labelErrors = metrics.lanes.failures.value
    transactionsCommitted = metrics.transactions.committed.value
    transactionsAborted = metrics.transactions.aborted.value
    transactionCommit = metrics.transactions.commit.snapshot()
    drift = metrics.drift?.withLock { $0.look }
  }
}

/// The stats line: one JSON object over the interval between two snapshots. Its fields are documented in docs/stats.md;
/// `version` changes when a field changes its meaning or goes.
struct StatsLine {
  static let version = 1

  var earlier: StatsSnapshot
  var now: StatsSnapshot
  var load: PipelineLoad
  var isPaused: Bool
  /// What stands still, by name.
  var stalled: [String]
  /// By partition number.
  var lag: [Int32: Int64]
  var model: ModelIdentity
  /// By class index.
  var labels: [String]
  var lanes: Int
  var batchTokenLimit: Int
  /// Resident memory of the process in bytes; nil where the system does not say.
  var residentBytes: Int?
  /// Since the start of the worker.
  var uptime: Duration
  /// The interval is the worker's whole life.
  var isSummary: Bool

  /// The line with its newline.
  func encode() -> [UInt8] {
    let seconds = max(Duration(nanoseconds: now.at &- earlier.at).inSeconds, 1e-9)
    let records = now.resolved.records - earlier.resolved.records
    let tokens = now.resolved.tokens - earlier.resolved.tokens
    var json = JSONWriter(reservingCapacity: 2048)
    json.object { json in
      json.member("type", isSummary ? "summary" : "stats")
      json.member("version", Self.version)
      json.member("time", now.time.rfc3339)
      json.member("interval_seconds", rounded(seconds))
      json.member("uptime_seconds", rounded(uptime.inSeconds))
      json.member("records_per_second", rounded(Double(records) / seconds))
      json.member("tokens_per_second", rounded(Double(tokens) / seconds))
      encodeRecords(&json)
      encodeBatches(&json, seconds: seconds)
      json.key("waiting")
      json.object { json in
        json.member("records", load.waitingRecords)
        json.member("tokens", load.waitingTokens)
      }
      json.key("in_flight")
      json.object { json in
        json.member("records", load.recordsInFlight)
        json.member("tokens", load.tokensInFlight)
        json.member("bytes", load.bytesInFlight)
      }
      json.member("paused", isPaused)
      json.key("health")
      json.object { json in
        json.member("good", stalled.isEmpty)
        json.key("stalled")
        json.array { json in for part in stalled { json.value(part) } }
      }
      encodeLatencies(&json)
      encodeLag(&json)
      encodeLabels(&json)
      encodeEvents(&json)
      json.key("memory_resident_bytes")
      if let residentBytes { json.value(residentBytes) } else { json.null() }
      json.key("model")
      json.object { json in
        json.member("name", model.name)
        json.member("fingerprint", model.fingerprint)
        json.member("precision", model.precision)
        json.member("kernels", model.kernels)
        json.member("cpu_features", KernelPath.cpuFeatures.joined(separator: " "))
      }
    }
    return json.bytes + [UInt8(ascii: "\n")]
  }

  private func encodeRecords(_ json: inout JSONWriter) {
    json.key("records")
    json.object { json in
      json.member("consumed", now.consumed - earlier.consumed)
      json.member("resolved", now.resolved.records - earlier.resolved.records)
      json.member("labelled", now.resolved.labelled - earlier.resolved.labelled)
      json.member("passed_through", now.resolved.passedThrough - earlier.resolved.passedThrough)
      json.member("dead_lettered", now.resolved.deadLettered - earlier.resolved.deadLettered)
      json.member("skipped", now.resolved.skipped - earlier.resolved.skipped)
    }
    json.key("records_since_start")
    json.object { json in
      json.member("consumed", now.consumed)
      json.member("resolved", now.resolved.records)
      json.member("labelled", now.resolved.labelled)
      json.member("passed_through", now.resolved.passedThrough)
      json.member("dead_lettered", now.resolved.deadLettered)
      json.member("skipped", now.resolved.skipped)
    }
  }

  private func encodeBatches(_ json: inout JSONWriter, seconds: Double) {
    let batches = now.batches - earlier.batches
    let tokens = now.batchTokens - earlier.batchTokens
    json.key("batches")
    json.object { json in
      json.member("count", batches)
      json.member("mean_records", rounded(ratio(now.batchRecords - earlier.batchRecords, batches)))
      json.member("mean_tokens", rounded(ratio(tokens, batches)))
      json.member("fill", rounded(ratio(tokens, batches * batchTokenLimit)))
    }
    json.key("lanes")
    json.object { json in
      json.member("count", lanes)
      let busy = Double(now.laneNanoseconds - earlier.laneNanoseconds) / 1e9
      json.member("utilisation", rounded(min(1, busy / (seconds * Double(max(lanes, 1))))))
    }
  }

  private func encodeLatencies(_ json: inout JSONWriter) {
    json.key("latency_ms")
    json.object { json in
      for ((name, later), (_, earlier)) in zip(now.stages.named, earlier.stages.named) {
        let interval = later - earlier
        json.key(name)
        json.object { json in
          json.member("count", interval.count)
          json.member("p50", milliseconds(interval.percentile(50).value))
          json.member("p95", milliseconds(interval.percentile(95).value))
          json.member("p99", milliseconds(interval.percentile(99).value))
          json.member("max", milliseconds(interval.maximum))
        }
      }
    }
  }

  private func encodeLag(_ json: inout JSONWriter) {
    json.key("lag")
    json.object { json in
      json.member("total", lag.values.reduce(0, +))
      json.key("partitions")
      json.object { json in
        for (partition, records) in lag.sorted(by: { $0.key < $1.key }) { json.member(String(partition), records) }
      }
    }
  }

  private func encodeLabels(_ json: inout JSONWriter) {
    let labelled = now.resolved.labelled - earlier.resolved.labelled
    json.key("labels")
    json.object { json in
      for (index, label) in labels.enumerated() {
        json.member(label, now.resolved.labels[index] - earlier.resolved.labels[index])
      }
    }
    json.key("mean_confidence")
    if labelled > 0 {
      json.value(rounded((now.resolved.confidenceSum - earlier.resolved.confidenceSum) / Double(labelled)))
    } else {
      json.null()
    }
    json.key("drift")
    guard let drift = now.drift else { return json.null() }
    json.object { json in
      json.member("baseline_records", drift.baselineRecords)
      json.member("baseline_complete", drift.isBaselineComplete)
      json.member("recent_records", drift.recentRecords)
      json.key("stability_index")
      if let index = drift.stabilityIndex { json.value(fine(index)) } else { json.null() }
      json.key("confidence_change")
      if let change = drift.confidenceChange { json.value(fine(change)) } else { json.null() }
      json.key("share_changes")
      guard let changes = drift.shareChanges else { return json.null() }
      json.object { json in
        for (label, change) in zip(labels, changes) { json.member(label, fine(change)) }
      }
    }
  }

  private func encodeEvents(_ json: inout JSONWriter) {
    encodeReasons("dead_letters", now.resolved.deadLetters, since: earlier.resolved.deadLetters, &json)
    encodeReasons("pass_throughs", now.resolved.passThroughs, since: earlier.resolved.passThroughs, &json)
    encodeReasons("skips", now.resolved.skips, since: earlier.resolved.skips, &json)
    json.key("errors")
    json.object { json in
      json.member("consume", now.consumeErrors - earlier.consumeErrors)
      json.member("produce", now.produceErrors - earlier.produceErrors)
      json.member("commit", now.commitErrors - earlier.commitErrors)
      json.member("label", now.labelErrors - earlier.labelErrors)
    }
    json.key("transactions")
    json.object { json in
      json.member("committed", now.transactionsCommitted - earlier.transactionsCommitted)
      json.member("aborted", now.transactionsAborted - earlier.transactionsAborted)
      let commits = now.transactionCommit - earlier.transactionCommit
      json.member("commit_ms_p50", milliseconds(commits.percentile(50).value))
      json.member("commit_ms_p99", milliseconds(commits.percentile(99).value))
      json.member("commit_ms_max", milliseconds(commits.maximum))
    }
    json.member("rebalances", now.rebalances - earlier.rebalances)
    json.member("pauses", now.pauses - earlier.pauses)
  }

  private func encodeReasons(_ name: String, _ counts: [String: Int], since earlier: [String: Int], _ json: inout JSONWriter) {
    json.key(name)
    json.object { json in
      for (reason, count) in counts.sorted(by: { $0.key < $1.key }) {
        let inInterval = count - earlier[reason, default: 0]
        if inInterval > 0 { json.member(reason, inInterval) }
      }
    }
  }

  private func ratio(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }

  private func milliseconds(_ nanoseconds: UInt64) -> Double { rounded(Double(nanoseconds) / 1e6) }

  /// For figures near 0.
  private func fine(_ value: Double) -> Double { (value * 100_000).rounded() / 100_000 }

  /// Three decimals are more than any of these figures means.
  private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
