/// Tokenises texts on the calling thread.
enum TokeniserRun {
  /// Seconds of each time through all texts.
  static func measure(_ tokenizer: ModelTokenizer, texts: [[UInt8]], plan: RepeatPlan) throws(LabellingFailure) -> [Double] {
    var seconds: [Double] = []
    for isWarmUp in [true, false] {
      repeat {
        let start = MonotonicClock.now
        for text in texts { _ = try tokenizer.tokenise(text.span) }
        if !isWarmUp { seconds.append(Double(MonotonicClock.now - start) / 1e9) }
      } while !isWarmUp && !plan.isDone(after: seconds)
    }
    return seconds
  }
}
