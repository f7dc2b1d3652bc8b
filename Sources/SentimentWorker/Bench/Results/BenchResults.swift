import DistilBERT

/// Everything that a bench has found; its renderings are `BenchTable` and `BenchJSON`.
struct BenchResults: Sendable {
  struct Machine: Sendable {
    /// As the system names it; nil where it does not.
    var cpu: String?
    var cores: Int
    var features: [String]
  }

  struct ModelFacts: Sendable {
    var name: String
    var fingerprint: String
    var parameters: Int
  }

  /// A workload without its texts and ids.
  struct WorkloadFacts: Sendable {
    var name: String
    var reviews: Int
    var tokens: Int
    var shortest: Int
    var longest: Int
    var textBytes: Int
    /// Tokens of a full batch.
    var batchTokens: Int
    /// Of all reviews together.
    var operations: OperationCount
  }

  struct Tokeniser: Sendable {
    var reviews: Int
    var bytes: Int
    var seconds: [Double]

    var bytesPerSecond: Double { Double(bytes) / (seconds.min() ?? .nan) }
    var reviewsPerSecond: Double { Double(reviews) / (seconds.min() ?? .nan) }
  }

  struct PrecisionFacts: Sendable {
    var asked: Precision
    /// What is computed in.
    var effective: Precision
    var kernels: String
    var loadSeconds: Double
    var weightBytes: Int
    /// Of one lane.
    var workspaceBytes: Int
    /// Resident memory of the whole process after the first pass, and by how much loading and that pass raised it; nil where the
    /// system does not say.
    var residentBytes: Int?
    var residentGrowth: Int?
    var agreement: Agreement?
    var accuracy: Accuracy?
  }

  struct Throughput: Sendable {
    /// Index in `workloads` and in `precisions`.
    var workload: Int
    var precision: Int
    var lanes: Int
    /// How often a repeat went through the workload.
    var rounds: Int
    var seconds: [Double]
    /// Instruction peak of as many threads as the lanes have, operations a second.
    var peak: Double?
  }

  struct Latency: Sendable {
    var workload: Int
    var precision: Int
    /// Ascending.
    var milliseconds: [Double]
  }

  struct Stages: Sendable {
    var workload: Int
    var precision: Int
    var times: StageTimes

    /// 0…1
    func share(of stage: Stage) -> Double {
      let total = times.total.inSeconds
      return total > 0 ? times[stage].inSeconds / total : 0
    }
  }

  var machine: Machine
  var model: ModelFacts
  var threadsPerLane: Int
  var workloads: [WorkloadFacts]
  var tokeniser: Tokeniser?
  var precisions: [PrecisionFacts] = []
  var throughput: [Throughput] = []
  var latencies: [Latency] = []
  var stages: [Stages] = []

  // MARK: Figures

  /// Reviews a second of the best repeat, or the median one.
  func reviewsPerSecond(_ run: Throughput, median: Bool = false) -> Double {
    let seconds = median ? Statistics.median(run.seconds) : run.seconds.min() ?? .nan
    return Double(workloads[run.workload].reviews * run.rounds) / seconds
  }

  func tokensPerSecond(_ run: Throughput) -> Double {
    let workload = workloads[run.workload]
    return reviewsPerSecond(run) * Double(workload.tokens) / Double(workload.reviews)
  }

  /// Times as fast as one lane; nil where that was not measured.
  func speedUp(_ run: Throughput) -> Double? {
    let single = throughput.first { $0.workload == run.workload && $0.precision == run.precision && $0.lanes == 1 }
    return single.map { reviewsPerSecond(run) / reviewsPerSecond($0) }
  }

  /// Operations a second, as computed and as the whole model counts.
  func operationsPerSecond(_ run: Throughput) -> OperationCount {
    let workload = workloads[run.workload]
    let rate = reviewsPerSecond(run) / Double(workload.reviews)
    return OperationCount(computed: workload.operations.computed * rate, wholeModel: workload.operations.wholeModel * rate)
  }

  /// Shares of the instruction peak, 0…1 (the whole model's may exceed it); nil where the peak is not known.
  func shareOfPeak(_ run: Throughput) -> OperationCount? {
    run.peak.map { peak in
      let rate = operationsPerSecond(run)
      return OperationCount(computed: rate.computed / peak, wholeModel: rate.wholeModel / peak)
    }
  }
}
