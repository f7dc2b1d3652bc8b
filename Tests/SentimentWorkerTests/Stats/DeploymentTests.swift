import Foundation
import Settings
import Testing

@testable import SentimentWorker

/// The files for operators say nothing that the program does not know.
@Suite("Files of deploy/")
struct DeploymentTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private func text(_ path: String) throws -> String {
    try String(contentsOf: Self.root.appendingPathComponent("deploy/\(path)"), encoding: .utf8)
  }

  @Test("the pods' settings are settings of run")
  func podSettings() throws {
    let file = Array(try text("kubernetes/worker.yaml").utf8)
    let invocation = try Program.specification.parse(arguments: ["run", "--config", "worker.yaml"], environment: [:]) { _ in file
    }
    guard case .run("run", let values, _) = invocation else {
      Issue.record("not a command line of run")
      return
    }
    #expect(values[WorkerSettings.guarantee] == .exactlyOnce)
    // Every librdkafka property in it is known, too.
    let options = try WorkerOptions(values, lanes: 1)
    #expect(options.consumer["group.instance.id"] == ProcessInfo.processInfo.hostName)
  }
}
