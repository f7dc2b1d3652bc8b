import Foundation
import Telemetry

/// Puts broken workers to the test and demands of the verdict that it finds each defect, and nothing where there is none.
struct SelfTest: Sendable {
  var base: FaultRun.Options
  var judge: Judge
  /// This program.
  var program: String
  var stop: StopFlag
  var say: @Sendable (String) -> Void

  /// Tests all defects at the same time, each with topics and a group of its own.
  /// - Returns: whether every verdict was right.
  func run() -> Bool {
    let results = Locked<[Bool]>([])
    for defect in Defect.allCases {
      Thread.detachNewThread {
        let isRight = test(defect)
        results.withLock { $0.append(isRight) }
      }
    }
    // Each of them has limits of its own.
    _ = StopFlag().wait(atMost: .seconds(3600)) { results.withLock { $0.count } == Defect.allCases.count }
    return results.withLock { $0.allSatisfy { $0 } }
  }

  private func test(_ defect: Defect) -> Bool {
    var options = base
    options.worker = [program, "broken-worker", "--defect", defect.rawValue]
    options.environment = [:]
    // However busy the machine is, no worker is to be taken for dead that is not: that would repeat records without a defect.
    if defect != .crash { options.shape.sessionTimeout = .seconds(60) }
    options.logDirectory = base.logDirectory.appendingPathComponent(defect.rawValue)
    do {
      try FileManager.default.createDirectory(at: options.logDirectory, withIntermediateDirectories: true)
      let result = try FaultRun(options, proxy: nil, stop: stop) { _ in }.run()
      let verdict = judge.verdict(on: result.observations)
      let found = Verdict.Violation.allCases.filter { verdict.violations[$0] != nil }
      let isRight = defect.violation.map(found.contains) ?? (verdict.outcome == .passed)
      let words = found.isEmpty ? verdict.outcome.rawValue : found.map(\.rawValue).joined(separator: ", ")
      let lines = ["\(isRight ? "ok    " : "WRONG ") \(defect.rawValue): \(words)"] + verdict.doubts.map { "       doubt: \($0)" }
      say(lines.joined(separator: "\n"))
      return isRight
    } catch {
      say("WRONG  \(defect.rawValue): \(error)")
      return false
    }
  }
}
