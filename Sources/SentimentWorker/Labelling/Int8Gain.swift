import DistilBERT

/// What int8 would gain over f32 on this CPU, and what it costs in labels: an estimate, for the log.
enum Int8Gain {
  /// What is left of the ratio of the instruction peaks when whole reviews are labelled: measured with AVX-512 VNNI, 3.0 of 4.1.
  private static let efficiency = 0.75

  /// A sentence.
  static var remark: String {
    guard let gain = estimate, gain > 1.1 else { return "int8 would not be faster than f32 on this CPU" }
    let tenths = Int((gain * 10).rounded())
    return """
      int8 would label about \(tenths / 10).\(tenths % 10) times as many reviews a second here, as far as the CPU's instructions tell, \
      and give 99.7 % of them the label that f32 gives (5,000 IMDb reviews, bundled model); \
      sentiment-worker bench --model DIR --input FILE measures both
      """
  }

  /// Reviews a second at int8 over those at f32, from the instruction peaks of this core, measured in about two milliseconds; nil
  /// where int8 has no instructions of its own.
  static var estimate: Double? {
    guard let f32 = rate(.f32), let int8 = rate(.int8) else { return nil }
    return int8 / f32 * efficiency
  }

  private static func rate(_ precision: Precision) -> Double? {
    let peak = InstructionPeak(at: precision)
    var best = 0.0
    for _ in 0..<8 {
      let start = MonotonicClock.now
      let operations = peak.run()
      best = max(best, operations / Double(max(1, MonotonicClock.now - start)))
    }
    return best > 0 ? best : nil
  }
}
