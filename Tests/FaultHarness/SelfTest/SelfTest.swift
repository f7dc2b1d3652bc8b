import Foundation

/// Puts broken workers to the test and demands of the verdict that it finds each defect, and nothing where there is none.
struct SelfTest {
  var base: FaultRun.Options
  var judge: Judge
  /// This program.
  var program: String
  var stop: StopFlag
  var say: @Sendable (String) -> Void

  /// - Returns: whether every verdict was right.
  func run() throws -> Bool {
    var isRight = true
    for defect in Defect.allCases {
      if stop.isRaised { return false }
      var options = base
      options.worker = [program, "broken-worker", "--defect", defect.rawValue]
      options.environment = [:]
      let result = try FaultRun(options, proxy: nil, stop: stop) { _ in }.run()
      let verdict = judge.verdict(on: result.observations)
      let found = Verdict.Violation.allCases.filter { verdict.violations[$0] != nil }
      let isFound = defect.violation.map(found.contains) ?? (verdict.outcome == .passed)
      isRight = isRight && isFound
      let words = found.isEmpty ? verdict.outcome.rawValue : found.map(\.rawValue).joined(separator: ", ")
      say("\(isFound ? "ok    " : "WRONG ") \(defect.rawValue): \(words)")
      for doubt in verdict.doubts { say("       doubt: \(doubt)") }
    }
    return isRight
  }
}
