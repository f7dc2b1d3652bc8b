import Foundation
import TestSupport

/// The broker, stopped and started by commands that the user gives.
struct BrokerControl: Sendable {
  /// Shell commands that return when they have done their work.
  var stop: String?
  var kill: String?
  var start: String?
  let log: URL

  private static let limit = Duration.seconds(120)

  /// - Throws: `HarnessError` if the command fails or takes two minutes.
  func run(_ command: String?) throws {
    guard let command else { return }
    let process = try ChildProcess(["/bin/sh", "-c", command], log: log)
    switch process.waitForEnd(Self.limit) {
    case .status(0): return
    case nil:
      process.send(SIGKILL)
      throw HarnessError("\"\(command)\" did not end within \(Self.limit)")
    default: throw HarnessError("\"\(command)\" failed: \(process.lastWords); see \(log.path)")
    }
  }
}
