/// How fast a model labels here, measured on some texts.
enum LabellingSpeed {
  /// Texts a second on all lanes: one lane's, as many times as there are lanes, which run side by side.
  ///
  /// - Parameter texts: labelled once, in batches as the worker makes them; not empty.
  /// - Throws: `WorkerError`, and `LabellingFailure` where the model fails on them.
  static func measure(
    _ model: any LabellingModel, on texts: [TokenisedText], lanes: Int, batch limits: BatchLimits
  ) throws -> Double {
    let lane = try model.makeLane()
    let start = MonotonicClock.now
    var batch: [TokenisedText] = []
    var tokens = 0
    for text in texts {
      if !batch.isEmpty, tokens + text.ids.count > limits.tokens || batch.count >= limits.records {
        _ = try lane.label(batch)
        batch = []
        tokens = 0
      }
      batch.append(text)
      tokens += text.ids.count
    }
    if !batch.isEmpty { _ = try lane.label(batch) }
    let seconds = max(Duration(nanoseconds: MonotonicClock.now &- start).inSeconds, 1e-9)
    return Double(texts.count) / seconds * Double(lanes)
  }
}
