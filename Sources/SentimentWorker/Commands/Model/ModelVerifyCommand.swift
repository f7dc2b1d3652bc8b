import DistilBERT
import Foundation
import Settings
import Telemetry

/// `model verify`: whether a model is whole and computes right on this machine.
struct ModelVerifyCommand {
  let values: SettingValues
  let directory: URL
  let terminal: Terminal

  func run() throws -> Int32 {
    let isText = values[ModelSettings.output] == .text
    let verification = ModelVerification(
      directory: directory, precisions: precisions, golden: try GoldenLogits.load(), reviews: try SampleReview.all())
    var findings: [ModelVerification.Finding] = []
    let isSound = verification.run { finding in
      findings.append(finding)
      if isText { terminal.print(Self.line(finding)) }
    }
    guard isText || terminal.write(Self.json(findings, isSound, directory) + [UInt8(ascii: "\n")]) else {
      return ExitStatus.failure
    }
    return isSound ? ExitStatus.success : ExitStatus.failure
  }

  /// The one asked for, or the two that every CPU has.
  private var precisions: [Precision] {
    values.source(of: WorkerSettings.precision) == .default ? [.f32, .int8] : [values[WorkerSettings.precision]]
  }

  private static func line(_ finding: ModelVerification.Finding) -> String {
    let mark =
      switch finding.outcome {
      case .ok: "ok     "
      case .failed: "FAILED "
      case .note: "note   "
      }
    return "\(mark)  \(finding.step)\(String(repeating: " ", count: max(0, 13 - finding.step.count)))  \(finding.text.onOneLine)"
  }

  private static func json(_ findings: [ModelVerification.Finding], _ isSound: Bool, _ directory: URL) -> [UInt8] {
    var json = JSONWriter()
    json.object { json in
      json.member("version", 1)
      json.member("directory", directory.path)
      json.member("sound", isSound)
      json.key("findings")
      json.array { json in
        for finding in findings {
          json.object { json in
            json.member("step", finding.step)
            json.member("outcome", finding.outcome.rawValue)
            json.member("text", finding.text)
          }
        }
      }
    }
    return json.bytes
  }
}
