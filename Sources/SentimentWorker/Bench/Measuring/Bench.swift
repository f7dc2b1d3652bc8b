import DistilBERT
import Foundation

/// Takes all measurements, one precision after the other.
struct Bench {
  struct Plan {
    var directory: URL
    var precisions: [Precision]
    /// Whether a precision that this CPU computes otherwise is left out rather than measured as what it becomes.
    var skipsMissing: Bool
    /// Ascending.
    var lanes: [Int]
    var threadsPerLane: Int
    var batchTokens: Int
    var repeats: RepeatPlan
  }

  /// Reviews whose latency is measured.
  static let latencyReviews = 256

  let plan: Plan
  let tokenizer: ModelTokenizer
  let workloads: [Workload]
  /// Takes what is measured just now, for the terminal.
  let progress: (String) -> Void
  /// Takes a sentence about what is left out.
  let note: (String) -> Void

  /// - Throws: `WorkerError` of kind `model`.
  func run() throws(WorkerError) -> BenchResults {
    let configuration = try Self.modelErrors { () throws(ModelError) in try ModelConfiguration(directory: plan.directory) }
    var results = BenchResults(
      machine: .current, model: .init(name: "", fingerprint: "", parameters: configuration.parameterCount),
      threadsPerLane: plan.threadsPerLane, workloads: workloads.map { facts(of: $0, configuration) })
    results.tokeniser = try tokeniser()
    var reference: [[Float]]?
    for precision in plan.precisions {
      progress("\(precision.rawValue): loading")
      let before = ProcessMemory.residentBytes
      let start = MonotonicClock.now
      let model = try Self.modelErrors { () throws(ModelError) in
        try Model(directory: plan.directory, precision: precision)
      }
      let seconds = Double(MonotonicClock.now - start) / 1e9
      if plan.skipsMissing, model.effectivePrecision != precision {
        note("\(precision.rawValue) is left out: this CPU computes it in \(model.effectivePrecision.rawValue)")
        continue
      }
      results.model.name = model.name
      results.model.fingerprint = model.fingerprint
      results.precisions.append(
        .init(
          asked: precision, effective: model.effectivePrecision, kernels: model.kernelDescription, loadSeconds: seconds,
          weightBytes: model.weightBytes, workspaceBytes: 0))
      try measure(model, residentBefore: before, reference: &reference, into: &results)
    }
    return results
  }

  private func measure(
    _ model: Model, residentBefore: Int?, reference: inout [[Float]]?, into results: inout BenchResults
  ) throws(WorkerError) {
    let index = results.precisions.count - 1
    let name = results.precisions[index].asked.rawValue
    let makeLane: ThroughputRun.MakeLane = { [maximumTokens = maximumTokens, plan] () throws(ModelError) in
      try Lane(model: model, maximumTokens: maximumTokens, threads: plan.threadsPerLane)
    }
    let single = SingleLaneRuns(lane: try Self.modelErrors(makeLane))
    results.precisions[index].workspaceBytes = single.lane.workspaceBytes
    // The first pass touches all memory that there is.
    _ = try Self.modelErrors { () throws(ModelError) in try single.latencies([workloads[0].sequences[0]]) }
    results.precisions[index].residentBytes = ProcessMemory.residentBytes
    if let before = residentBefore, let now = ProcessMemory.residentBytes {
      results.precisions[index].residentGrowth = max(0, now - before)
    }
    let peak = InstructionPeak(of: model)
    for (place, workload) in workloads.enumerated() {
      let batches = workload.batches(upTo: results.workloads[place].batchTokens)
      for lanes in plan.lanes {
        progress("\(name): \(lanes) lane\(lanes == 1 ? "" : "s"), \(workload.name)")
        let before = PeakRun.measure(peak, threads: lanes * plan.threadsPerLane)
        let keepsLogits = lanes == plan.lanes.last && !workload.texts.isEmpty
        let run = try ThroughputRun(
          lanes: lanes, makeLane: makeLane, batches: batches, plan: plan.repeats, keepsLogits: keepsLogits
        ).run()
        let after = PeakRun.measure(peak, threads: lanes * plan.threadsPerLane)
        results.throughput.append(
          .init(
            workload: place, precision: index, lanes: lanes,
            rounds: ThroughputRun.rounds(batches: batches.count, lanes: lanes), seconds: run.seconds,
            peak: before.flatMap { before in after.map { max(before, $0) } }))
        if keepsLogits { compare(run.logits, workload, &reference, into: &results.precisions[index]) }
      }
      progress("\(name): one review at a time, \(workload.name)")
      try Self.modelErrors { () throws(ModelError) in
        let milliseconds = try single.latencies(workload.sample(Self.latencyReviews))
        results.latencies.append(.init(workload: place, precision: index, milliseconds: milliseconds))
        results.stages.append(.init(workload: place, precision: index, times: try single.stages(batches)))
      }
    }
  }

  private func compare(
    _ logits: [[Float]], _ workload: Workload, _ reference: inout [[Float]]?, into facts: inout BenchResults.PrecisionFacts
  ) {
    facts.accuracy = Accuracy(of: logits, classes: workload.classes)
    if facts.effective == .f32, reference == nil {
      reference = logits
    } else if let reference {
      facts.agreement = Agreement(of: logits, with: reference)
    }
  }

  private func tokeniser() throws(WorkerError) -> BenchResults.Tokeniser? {
    guard let workload = workloads.first(where: { !$0.texts.isEmpty }) else { return nil }
    progress("tokeniser")
    do throws(LabellingFailure) {
      return .init(
        reviews: workload.texts.count, bytes: workload.textBytes,
        seconds: try TokeniserRun.measure(tokenizer, texts: workload.texts, plan: plan.repeats))
    } catch {
      throw WorkerError(.model, error.detail)
    }
  }

  /// Tokens that a lane is sized for.
  private var maximumTokens: Int { max(plan.batchTokens, workloads.map(\.longest).max() ?? 1) }

  private func facts(of workload: Workload, _ configuration: ModelConfiguration) -> BenchResults.WorkloadFacts {
    .init(
      name: workload.name, reviews: workload.sequences.count, tokens: workload.tokens, shortest: workload.shortest,
      longest: workload.longest, textBytes: workload.textBytes,
      batchTokens: workload.batchLimit(plan.batchTokens, lanes: plan.lanes.last ?? 1),
      operations: workload.sequences.reduce(OperationCount(computed: 0, wholeModel: 0)) {
        $0 + configuration.operations(ofSequence: $1.count)
      })
  }

  private static func modelErrors<Result>(_ body: () throws(ModelError) -> Result) throws(WorkerError) -> Result {
    do throws(ModelError) {
      return try body()
    } catch {
      throw WorkerError(.model, "\(error)")
    }
  }
}

extension BenchResults.Machine {
  /// The machine that this process runs on.
  static var current: BenchResults.Machine {
    let info = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
    let line = info?.split(separator: "\n").first { $0.hasPrefix("model name") }
    let name = line?.split(separator: ":", maxSplits: 1).last?.trimmingCharacters(in: .whitespaces)
    return .init(
      cpu: name, cores: max(1, ProcessInfo.processInfo.activeProcessorCount), features: KernelPath.cpuFeatures)
  }
}
