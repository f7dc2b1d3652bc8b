import DistilBERT

/// What is measured on one lane, on the calling thread.
struct SingleLaneRuns {
  let lane: Lane

  /// Milliseconds of each sequence alone, in ascending order; of each the best of three, so that what else the machine does matters
  /// little.
  func latencies(_ sequences: [[Int32]]) throws(ModelError) -> [Double] {
    var logits: [Float] = []
    var milliseconds: [Double] = []
    for ids in sequences {
      var best = Nanoseconds.max
      for _ in 0..<3 {
        let start = MonotonicClock.now
        _ = try lane.forward(ids: ids, lengths: [ids.count], logits: &logits)
        best = min(best, MonotonicClock.now - start)
      }
      milliseconds.append(Double(best) / 1e6)
    }
    return milliseconds.sorted()
  }

  /// Time in each stage, over the whole workload or as much of it as fits in two seconds.
  func stages(_ batches: [WorkloadBatch]) throws(ModelError) -> StageTimes {
    var logits: [Float] = []
    lane.resetStageTimes()
    lane.measuresStages = true
    defer { lane.measuresStages = false }
    let start = MonotonicClock.now
    for batch in batches where MonotonicClock.now - start < 2_000_000_000 {
      _ = try lane.forward(ids: batch.ids, lengths: batch.lengths, logits: &logits)
    }
    return lane.stageTimes
  }
}
