import Foundation
import Testing

/// The program, started as a user starts it: with arguments, an environment of its own, pipes and signals.
///
/// Whoever starts one kills it in the end (`kill` does nothing to one that has ended).
final class WorkerProcess {
  enum Exit: Equatable, Sendable {
    case status(Int32)
    /// Ended by this signal.
    case signal(Int32)
  }

  let output = LineBuffer()
  let errors = LineBuffer()
  private let process = Process()
  private let ended = Ended()

  /// - Parameters:
  ///   - environment: beside this process's own, from which every `SENTIMENT_…` is left out.
  ///   - input: standard input; nil for an empty one.
  init(
    _ arguments: [String], environment: [String: String] = [:], input: [UInt8]? = nil, executable: URL = Program.url,
    directory: URL? = nil
  ) throws {
    process.executableURL = executable
    process.arguments = arguments
    // Tests run side by side, and each worker needs a port of its own.
    process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SENTIMENT_") }
      .merging(["SENTIMENT_HTTP_LISTEN": "127.0.0.1:0"]) { $1 }
      .merging(environment) { _, given in given }
    if let directory { process.currentDirectoryURL = directory }
    let outputPipe = Pipe()
    let errorPipe = Pipe()
    process.standardOutput = outputPipe
    process.standardError = errorPipe
    let inputPipe = input.map { _ in Pipe() }
    process.standardInput = inputPipe ?? FileHandle.nullDevice
    process.terminationHandler = { [ended] process in
      ended.set(process.terminationReason == .exit ? .status(process.terminationStatus) : .signal(process.terminationStatus))
    }
    try process.run()
    output.read(from: outputPipe.fileHandleForReading)
    errors.read(from: errorPipe.fileHandleForReading)
    if let input, let handle = inputPipe?.fileHandleForWriting {
      // The program may end before it has read everything.
      signal(SIGPIPE, SIG_IGN)
      Thread.detachNewThread {
        try? handle.write(contentsOf: Data(input))
        try? handle.close()
      }
    }
  }

  var exit: Exit? { ended.exit }

  func send(_ number: Int32) { if exit == nil { Foundation.kill(process.processIdentifier, number) } }

  func kill() { send(SIGKILL) }

  /// - Throws: `TimedOut` with the end of the program's log if it has not ended in time; it is then killed.
  func waitForExit(within limit: Duration = patience) throws -> Exit {
    if let exit = ended.wait(within: limit) { return exit }
    kill()
    throw TimedOut(description: "the program had not ended after \(limit); its log:\n\(tail)")
  }

  /// Waits until the program has ended and all its output is read.
  func finished(within limit: Duration = patience) throws -> Program.Finished {
    let exit = try waitForExit(within: limit)
    try output.waitForEnd(within: limit)
    try errors.waitForEnd(within: limit)
    return Program.Finished(exit: exit, output: output.lines, errors: errors.lines)
  }

  /// Waits for a line of the log with these words in it.
  @discardableResult
  func waitForLog(_ words: String..., within limit: Duration = patience) throws -> String {
    do {
      return try errors.wait(for: "a log line with \(words)", within: limit) { line in words.allSatisfy(line.contains) }
    } catch {
      throw TimedOut(description: "\(error); its log:\n\(tail)")
    }
  }

  /// The end of what the program said, for the message of a test that fails.
  var tail: String {
    (errors.lines.suffix(15) + output.lines.suffix(3).map { "stdout: \(String($0.prefix(300)))" }).joined(separator: "\n")
  }
}

/// How a process ended, once it has.
///
/// Unchecked: `value` is touched under `condition`'s lock.
private final class Ended: @unchecked Sendable {
  private let condition = NSCondition()
  private var value: WorkerProcess.Exit?

  var exit: WorkerProcess.Exit? {
    condition.lock()
    defer { condition.unlock() }
    return value
  }

  func set(_ exit: WorkerProcess.Exit) {
    condition.lock()
    defer { condition.unlock() }
    value = exit
    condition.broadcast()
  }

  func wait(within limit: Duration) -> WorkerProcess.Exit? {
    let end = Date(timeIntervalSinceNow: limit / .seconds(1))
    condition.lock()
    defer { condition.unlock() }
    while value == nil, condition.wait(until: end) {}
    return value
  }
}
