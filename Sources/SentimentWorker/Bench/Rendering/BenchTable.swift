import DistilBERT

/// The results as text for people, 80 columns wide.
struct BenchTable {
  let results: BenchResults

  var text: String {
    var parts = [head]
    for index in results.workloads.indices {
      // Where there is one workload only, the head has named it.
      let caption = results.workloads.count > 1 ? [results.workloads[index].name] : []
      parts += [caption + throughput(of: index), latency(of: index), stages(of: index)]
    }
    parts += [precisions, agreement]
    return parts.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
  }

  private var head: [String] {
    let machine = results.machine
    let model = results.model
    let name = [machine.cpu, "\(machine.cores) core\(machine.cores == 1 ? "" : "s")"].compactMap(\.self).joined(separator: ", ")
    var lines = FigureTable.wrapped("machine", "\(name): \(machine.features.joined(separator: " "))")
    lines += FigureTable.wrapped(
      "model", "\(model.name), \(Figures.significant(Double(model.parameters) / 1e6)) M parameters, \(model.fingerprint)")
    if results.threadsPerLane > 1 { lines += FigureTable.wrapped("lanes", "\(results.threadsPerLane) threads each") }
    for workload in results.workloads { lines += FigureTable.wrapped("workload", Self.description(of: workload)) }
    for facts in results.precisions {
      let effective = facts.effective == facts.asked ? "" : "computed in \(facts.effective.rawValue) here: "
      lines += FigureTable.wrapped(facts.asked.rawValue, "\(effective)\(facts.kernels)")
    }
    if let tokeniser = results.tokeniser {
      lines += FigureTable.wrapped(
        "tokeniser",
        "\(Figures.significant(tokeniser.bytesPerSecond / 1e6)) MB/s, \(Figures.significant(tokeniser.reviewsPerSecond)) reviews/s on one thread"
      )
    }
    return lines
  }

  private static func description(of workload: BenchResults.WorkloadFacts) -> String {
    let reviews = Double(workload.reviews)
    let lengths =
      workload.shortest == workload.longest
      ? "\(workload.longest) tokens"
      : "\(workload.shortest) to \(workload.longest) tokens, mean \(Figures.decimal(Double(workload.tokens) / reviews, 0))"
    let computed = Figures.significant(workload.operations.computed / reviews / 1e9)
    let whole = Figures.significant(workload.operations.wholeModel / reviews / 1e9)
    return """
      \(workload.name): \(Figures.decimal(reviews, 0)) of \(lengths); batches of up to \
      \(Figures.decimal(Double(workload.batchTokens), 0)); \(computed) Gop a review, \(whole) as the whole model counts
      """
  }

  private func throughput(of workload: Int) -> [String] {
    var table = FigureTable(
      header: ["precision", "lanes", "reviews/s", "median", "tokens/s", "speed-up", "of peak", "whole model"])
    for run in results.throughput where run.workload == workload {
      let share = results.shareOfPeak(run)
      table.rows.append([
        results.precisions[run.precision].asked.rawValue, "\(run.lanes)", Figures.significant(results.reviewsPerSecond(run)),
        Figures.significant(results.reviewsPerSecond(run, median: true)), Figures.decimal(results.tokensPerSecond(run), 0),
        results.speedUp(run).map { Figures.decimal($0, 2) } ?? "-", share.map { Figures.percent($0.computed) } ?? "-",
        share.map { Figures.percent($0.wholeModel) } ?? "-",
      ])
    }
    return table.lines
  }

  private func latency(of workload: Int) -> [String] {
    var table = FigureTable(header: ["one review at a time", "p50 ms", "p95 ms", "p99 ms", "max ms", "reviews"])
    for latency in results.latencies where latency.workload == workload {
      let all = latency.milliseconds
      table.rows.append(
        [results.precisions[latency.precision].asked.rawValue]
          + [0.5, 0.95, 0.99, 1].map { Figures.significant(Statistics.percentile($0, of: all)) } + ["\(all.count)"])
    }
    return table.lines
  }

  private func stages(of workload: Int) -> [String] {
    let shown = results.stages.filter { $0.workload == workload }
    var table = FigureTable(
      header: ["share of a lane's time"] + shown.map { results.precisions[$0.precision].asked.rawValue })
    for stage in Stage.allCases { table.rows.append([stage.title] + shown.map { Figures.percent($0.share(of: stage)) }) }
    return table.lines
  }

  private var precisions: [String] {
    var table = FigureTable(header: ["precision", "peak of a core, Gop/s", "load s", "weights", "of a lane", "resident"])
    for (index, facts) in results.precisions.enumerated() {
      let single = results.throughput.first { $0.precision == index }
      let peak = single.flatMap { run in run.peak.map { $0 / Double(run.lanes * results.threadsPerLane) / 1e9 } }
      table.rows.append([
        facts.asked.rawValue,
        peak.map { Figures.decimal($0, 0) } ?? "-", Figures.decimal(facts.loadSeconds, 2), Figures.megabytes(facts.weightBytes),
        Figures.megabytes(facts.workspaceBytes), facts.residentBytes.map(Figures.megabytes) ?? "-",
      ])
    }
    return table.lines
  }

  private var agreement: [String] {
    let shown = results.precisions.filter { $0.agreement != nil || $0.accuracy != nil }
    guard !shown.isEmpty else { return [] }
    var table = FigureTable(header: ["precision", "accuracy", "labels as f32", "probabilities: mean", "p99", "largest"])
    for facts in shown {
      let agreement = facts.agreement
      table.rows.append([
        facts.asked.rawValue, facts.accuracy.map { Figures.percent($0.share, 2) } ?? "-",
        agreement.map { Figures.percent($0.sameLabel, 2) } ?? "-",
        agreement.map { Figures.decimal($0.meanDifference, 5) } ?? "-",
        agreement.map { Figures.decimal($0.p99Difference, 5) } ?? "-",
        agreement.map { Figures.decimal($0.maximumDifference, 5) } ?? "-",
      ])
    }
    return table.lines
  }
}

extension Stage {
  /// For people.
  var title: String {
    switch self {
    case .embedding: "embedding"
    case .attentionInput: "query, key, value"
    case .attention: "attention"
    case .attentionOutput: "attention output"
    case .feedForwardIn: "feed-forward in"
    case .activation: "activation"
    case .feedForwardOut: "feed-forward out"
    case .norm: "layer norms"
    case .head: "last layer, classifier"
    }
  }

  /// For programs; stable.
  var name: String {
    switch self {
    case .embedding: "embedding"
    case .attentionInput: "attention_input"
    case .attention: "attention"
    case .attentionOutput: "attention_output"
    case .feedForwardIn: "feed_forward_in"
    case .activation: "activation"
    case .feedForwardOut: "feed_forward_out"
    case .norm: "norm"
    case .head: "head"
    }
  }
}
