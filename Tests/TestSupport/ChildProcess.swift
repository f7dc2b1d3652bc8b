import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A program that was started, with its output in a file.
///
/// Started and waited for with the system's own calls: Foundation's `Process` takes a program for running as long as any of its
/// children does, and a command that starts a broker leaves one behind.
///
/// Unchecked: `ended` is touched under `condition`'s lock; everything else is immutable.
public final class ChildProcess: @unchecked Sendable {
  public enum End: Sendable, Equatable {
    case status(Int32)
    case signal(Int32)
  }

  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  private let condition = NSCondition()
  private var ended: End?
  private let identifier: pid_t
  private let log: URL
  /// What the log held before.
  private let logStart: Int

  /// - Parameters:
  ///   - command: the program's path and its arguments.
  ///   - environment: beside this process's own, from which every `SENTIMENT_…` is left out.
  ///   - log: standard output and error are appended to it.
  /// - Throws: `ChildProcess.Failure` if the program cannot be started.
  public init(_ command: [String], environment: [String: String] = [:], log: URL) throws {
    self.log = log
    logStart = (try? FileManager.default.attributesOfItem(atPath: log.path)[.size] as? Int) ?? 0
    let variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SENTIMENT_") }
      .merging(environment) { _, given in given }
    identifier = try Self.spawn(command, variables.map { "\($0.key)=\($0.value)" }, log.path)
    Thread.detachNewThread { [self] in reap() }
  }

  private static func spawn(_ command: [String], _ variables: [String], _ log: String) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    // This program ignores SIGTERM and SIGINT, and a program inherits that; a group of its own keeps Ctrl-C away from it.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var defaults = sigset_t()
    sigemptyset(&defaults)
    for signal in [SIGTERM, SIGINT, SIGPIPE] { sigaddset(&defaults, signal) }
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETPGROUP))

    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    var environment: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
    defer { for text in arguments + environment { free(text) } }
    var identifier: pid_t = 0
    let code = posix_spawn(&identifier, command.first ?? "", &actions, &attributes, &arguments, &environment)
    guard code == 0 else {
      throw Failure(description: "\(command.first ?? "nothing") cannot be started: \(String(cString: strerror(code)))")
    }
    return identifier
  }

  /// Runs on a thread of its own.
  private func reap() {
    var status: Int32 = 0
    while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
    condition.lock()
    defer { condition.unlock() }
    // As the macros WIFSIGNALED, WTERMSIG and WEXITSTATUS, which Swift does not import.
    let signal = status & 0x7F
    ended = signal != 0 ? .signal(signal) : .status((status >> 8) & 0xFF)
    condition.broadcast()
  }

  /// How it ended; nil while it runs.
  public var end: End? {
    condition.lock()
    defer { condition.unlock() }
    return ended
  }

  public func send(_ signal: Int32) { if end == nil { kill(identifier, signal) } }

  /// Waits until it has ended; nil if it has not in time.
  public func waitForEnd(_ limit: Duration) -> End? {
    let date = Date(timeIntervalSinceNow: limit / .seconds(1))
    condition.lock()
    defer { condition.unlock() }
    while ended == nil, condition.wait(until: date) {}
    return ended
  }

  /// The last line that it wrote.
  public var lastWords: String {
    guard let text = try? String(decoding: Data(contentsOf: log).dropFirst(logStart).suffix(4096), as: UTF8.self) else {
      return ""
    }
    return text.split(separator: "\n").last.map { String($0.prefix(300)) } ?? ""
  }
}
