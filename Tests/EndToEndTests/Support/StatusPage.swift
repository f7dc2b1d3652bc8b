import Foundation
import TestSupport
import Testing

/// What a worker, or another program of this machine, shows over HTTP.
struct StatusPage {
  struct Answer {
    let status: Int
    let headers: String
    let body: String
  }

  let port: UInt16

  init(port: UInt16) { self.port = port }

  /// Waits until the worker says where it listens.
  init(of worker: WorkerProcess) throws {
    let line = try worker.waitForLog("metrics and probes")
    let start = try #require(line.range(of: "http://127.0.0.1:"))
    port = try #require(UInt16(line[start.upperBound...].prefix(while: \.isNumber)))
  }

  func get(_ path: String) throws -> Answer {
    let text = try LocalHTTP.request("GET", path, port: port)
    let end = try #require(text.range(of: "\r\n\r\n"), "no answer: \(text)")
    let status = try #require(text.split(separator: " ").dropFirst().first.flatMap { Int($0) })
    return Answer(status: status, headers: String(text[..<end.lowerBound]), body: String(text[end.upperBound...]))
  }

  /// Asks until the answer has this status and `isWanted`.
  func wait(_ path: String, for status: Int, where isWanted: (String) -> Bool) throws {
    var last: Answer?
    do {
      try waitUntil("\(status) from \(path)") {
        let answer = try get(path)
        last = answer
        return answer.status == status && isWanted(answer.body)
      }
    } catch let error as TimedOut {
      throw TimedOut(description: "\(error); the last answer was \(last.map { "\($0.status) \($0.body)" } ?? "none")")
    }
  }

  /// One that nobody listens at now.
  static func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
      }
    }
    try #require(isBound)
    return UInt16(bigEndian: address.sin_port)
  }
}

/// Programs of this machine that tests use where they are there.
enum Tool {
  static func find(_ name: String) -> URL? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      .map { URL(fileURLWithPath: String($0)).appendingPathComponent(name) }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }
}

/// Looks ten times a second, at what nobody tells of when it changes.
func waitUntil(_ what: String, within limit: Duration = patience, _ isTrue: () throws -> Bool) throws {
  let end = ContinuousClock.now + limit
  let pace = NSCondition()
  while try !isTrue() {
    guard ContinuousClock.now < end else { throw TimedOut(description: "waited \(limit) for \(what)") }
    pace.lock()
    _ = pace.wait(until: Date(timeIntervalSinceNow: 0.1))
    pace.unlock()
  }
}
