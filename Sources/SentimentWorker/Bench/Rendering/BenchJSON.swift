import DistilBERT
import Telemetry

/// The results as one JSON document. docs/benchmarks.md explains its fields; `version` changes when a field changes its meaning or
/// goes.
struct BenchJSON {
  static let version = 1

  let results: BenchResults
  let time: UTCTime

  /// The document with a newline at its end.
  func encode() -> [UInt8] {
    var json = JSONWriter(reservingCapacity: 8_192)
    json.object { json in
      json.member("type", "bench")
      json.member("version", Self.version)
      json.member("program", Versions.program)
      json.member("time", time.rfc3339)
      encodeMachine(&json)
      encodeModel(&json)
      json.member("threads_per_lane", results.threadsPerLane)
      list("workloads", results.workloads, &json, encode)
      encodeTokeniser(&json)
      list("precisions", results.precisions, &json, encode)
      list("throughput", results.throughput, &json, encode)
      list("latency", results.latencies, &json, encode)
      list("stages", results.stages, &json, encode)
    }
    return json.bytes + [UInt8(ascii: "\n")]
  }

  private func encodeMachine(_ json: inout JSONWriter) {
    json.key("machine")
    json.object { json in
      json.key("cpu")
      if let cpu = results.machine.cpu { json.value(cpu) } else { json.null() }
      json.member("cores", results.machine.cores)
      json.key("features")
      json.array { json in for feature in results.machine.features { json.value(feature) } }
    }
  }

  private func encodeModel(_ json: inout JSONWriter) {
    json.key("model")
    json.object { json in
      json.member("name", results.model.name)
      json.member("fingerprint", results.model.fingerprint)
      json.member("parameters", results.model.parameters)
    }
  }

  private func encode(_ workload: BenchResults.WorkloadFacts, _ json: inout JSONWriter) {
    json.member("name", workload.name)
    json.member("reviews", workload.reviews)
    json.member("tokens", workload.tokens)
    json.member("shortest_tokens", workload.shortest)
    json.member("longest_tokens", workload.longest)
    json.member("text_bytes", workload.textBytes)
    json.member("batch_tokens", workload.batchTokens)
    json.member("operations_per_review", workload.operations.computed / Double(workload.reviews))
    json.member("operations_per_review_whole_model", workload.operations.wholeModel / Double(workload.reviews))
  }

  private func encodeTokeniser(_ json: inout JSONWriter) {
    json.key("tokeniser")
    guard let tokeniser = results.tokeniser else { return json.null() }
    json.object { json in
      json.member("bytes_per_second", tokeniser.bytesPerSecond)
      json.member("reviews_per_second", tokeniser.reviewsPerSecond)
    }
  }

  private func encode(_ facts: BenchResults.PrecisionFacts, _ json: inout JSONWriter) {
    json.member("precision", facts.asked.rawValue)
    json.member("effective_precision", facts.effective.rawValue)
    json.member("kernels", facts.kernels)
    json.member("load_seconds", facts.loadSeconds)
    json.member("weight_bytes", facts.weightBytes)
    json.member("workspace_bytes_per_lane", facts.workspaceBytes)
    optional("resident_bytes", facts.residentBytes, &json)
    optional("resident_growth_bytes", facts.residentGrowth, &json)
    json.key("accuracy")
    if let accuracy = facts.accuracy {
      json.object { json in
        json.member("texts", accuracy.texts)
        json.member("share", accuracy.share)
      }
    } else {
      json.null()
    }
    json.key("agreement_with_f32")
    if let agreement = facts.agreement {
      json.object { json in
        json.member("texts", agreement.texts)
        json.member("same_label", agreement.sameLabel)
        json.member("probability_difference_mean", agreement.meanDifference)
        json.member("probability_difference_p99", agreement.p99Difference)
        json.member("probability_difference_max", agreement.maximumDifference)
      }
    } else {
      json.null()
    }
  }

  private func encode(_ run: BenchResults.Throughput, _ json: inout JSONWriter) {
    place(run.workload, run.precision, &json)
    json.member("lanes", run.lanes)
    json.member("reviews_per_second", results.reviewsPerSecond(run))
    json.member("reviews_per_second_median", results.reviewsPerSecond(run, median: true))
    json.member("tokens_per_second", results.tokensPerSecond(run))
    optional("speed_up", results.speedUp(run), &json)
    let operations = results.operationsPerSecond(run)
    json.member("operations_per_second", operations.computed)
    json.member("operations_per_second_whole_model", operations.wholeModel)
    optional("peak_operations_per_second", run.peak, &json)
    let share = results.shareOfPeak(run)
    optional("share_of_peak", share?.computed, &json)
    optional("share_of_peak_whole_model", share?.wholeModel, &json)
    json.key("seconds")
    json.array { json in for seconds in run.seconds { json.value(seconds) } }
  }

  private func encode(_ latency: BenchResults.Latency, _ json: inout JSONWriter) {
    place(latency.workload, latency.precision, &json)
    json.member("reviews", latency.milliseconds.count)
    for (name, share) in [("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99), ("max_ms", 1)] {
      json.member(name, Statistics.percentile(share, of: latency.milliseconds))
    }
  }

  private func encode(_ stages: BenchResults.Stages, _ json: inout JSONWriter) {
    place(stages.workload, stages.precision, &json)
    json.key("shares")
    json.object { json in
      for stage in Stage.allCases { json.member(stage.name, stages.share(of: stage)) }
    }
  }

  /// Which workload and precision a row is of, by name.
  private func place(_ workload: Int, _ precision: Int, _ json: inout JSONWriter) {
    json.member("workload", results.workloads[workload].name)
    json.member("precision", results.precisions[precision].asked.rawValue)
  }

  private func list<Item>(
    _ name: String, _ items: [Item], _ json: inout JSONWriter, _ encode: (Item, inout JSONWriter) -> Void
  ) {
    json.key(name)
    json.array { json in
      for item in items { json.object { json in encode(item, &json) } }
    }
  }

  private func optional(_ name: String, _ value: Double?, _ json: inout JSONWriter) {
    json.key(name)
    if let value { json.value(value) } else { json.null() }
  }

  private func optional(_ name: String, _ value: Int?, _ json: inout JSONWriter) {
    json.key(name)
    if let value { json.value(value) } else { json.null() }
  }
}
