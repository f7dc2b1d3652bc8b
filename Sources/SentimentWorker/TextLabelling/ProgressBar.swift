/// The line that shows how far a run over a file is; a pure value that is told the time.
struct ProgressBar {
  /// Bytes of the whole input; nil where it is not known, as for a pipe.
  var totalBytes: Int?
  var startedAt: Nanoseconds
  /// A new line at most this often.
  var interval: Nanoseconds = 100_000_000
  private var lastShown: Nanoseconds?

  init(totalBytes: Int?, startedAt: Nanoseconds) {
    self.totalBytes = totalBytes
    self.startedAt = startedAt
  }

  /// The line to show now, without a newline; nil if one was shown just before.
  mutating func line(texts: Int, bytes: Int, at now: Nanoseconds, isFinal: Bool = false) -> String? {
    if let lastShown, !isFinal, now < lastShown &+ interval { return nil }
    lastShown = now
    let seconds = max(Duration(nanoseconds: now &- startedAt).inSeconds, 1e-9)
    let rate = "\(texts) texts, \(Self.decimal(Double(texts) / seconds))/s"
    guard let totalBytes, totalBytes > 0 else { return rate }
    let share = min(1, Double(bytes) / Double(totalBytes))
    let filled = Int(share * 20)
    let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 20 - filled)
    let left = share > 0 && !isFinal ? ", \(Self.time(seconds / share - seconds)) left" : ""
    return "[\(bar)] \(Int(share * 100)) %  \(rate)\(left)"
  }

  private static func decimal(_ value: Double) -> String {
    let tenths = Int(value * 10)
    return "\(tenths / 10).\(tenths % 10)"
  }

  private static func time(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded(.up))
    return whole < 60
      ? "\(whole) s" : whole < 3600 ? "\(whole / 60) min \(whole % 60) s" : "\(whole / 3600) h \(whole / 60 % 60) min"
  }
}
