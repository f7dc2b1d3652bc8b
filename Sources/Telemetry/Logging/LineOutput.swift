import Glibc

/// Where finished lines go: a file descriptor, or a closure in tests. Lines of many threads do not mix.
///
/// Also right for the stats lines, which are no log events.
public struct LineOutput: Sendable {
  private let writeLine: @Sendable ([UInt8]) -> Void

  /// - Parameter write: gets one whole line with its newline; called from any thread.
  public init(_ write: @escaping @Sendable (_ line: [UInt8]) -> Void) { writeLine = write }

  /// One `write(2)` a line on standard error.
  public static let standardError = LineOutput(descriptor: STDERR_FILENO)

  /// One `write(2)` a line on standard output.
  public static let standardOutput = LineOutput(descriptor: STDOUT_FILENO)

  /// One `write(2)` a line on `descriptor`, which stays open and is the caller's.
  public init(descriptor: Int32) {
    let writer = DescriptorWriter(descriptor: descriptor)
    writeLine = { writer.write($0) }
  }

  /// Writes one line; `line` ends with its newline.
  public func write(_ line: [UInt8]) { writeLine(line) }
}

/// Writes lines to a file descriptor and outlives whatever is at the other end: a closed pipe or a full disk costs the line,
/// never the process.
private final class DescriptorWriter: Sendable {
  private let descriptor: Int32
  /// True while the descriptor holds the beginning of a line whose rest could not be written; guards the order of lines too.
  private let isMidLine = Locked(false)

  init(descriptor: Int32) { self.descriptor = descriptor }

  func write(_ line: [UInt8]) {
    isMidLine.withLock { isMidLine in
      withoutBrokenPipeSignal {
        // After a torn line, the next one begins on a line of its own.
        let bytes = isMidLine ? [UInt8(ascii: "\n")] + line : line
        let written = writeAll(bytes)
        if written > 0 { isMidLine = written < bytes.count }
      }
    }
  }

  /// Usually one `write(2)`; more after a signal or where the descriptor takes a part only.
  /// - Returns: how many bytes were taken.
  private func writeAll(_ bytes: [UInt8]) -> Int {
    bytes.withUnsafeBytes { buffer in
      var offset = 0
      while offset < buffer.count {
        let count = Glibc.write(descriptor, buffer.baseAddress! + offset, buffer.count - offset)
        if count > 0 {
          offset += count
        } else if count < 0 && errno == EINTR {
          continue
        } else if count < 0 && errno == EAGAIN && waitUntilWritable() {
          continue
        } else {
          break
        }
      }
      return offset
    }
  }

  /// A descriptor in non-blocking mode with a slow reader gets 100 ms to take more, then the line is lost.
  private func waitUntilWritable() -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&request, 1, 100) > 0
  }

  /// Keeps SIGPIPE from this thread while `body` runs, and takes back one that `body` raised. The process's own handling of the
  /// signal stays as it is.
  private func withoutBrokenPipeSignal(_ body: () -> Void) {
    var brokenPipe = sigset_t()
    var pending = sigset_t()
    var previous = sigset_t()
    sigemptyset(&brokenPipe)
    sigaddset(&brokenPipe, SIGPIPE)
    sigpending(&pending)
    let wasPending = sigismember(&pending, SIGPIPE) == 1
    pthread_sigmask(SIG_BLOCK, &brokenPipe, &previous)
    body()
    if !wasPending {
      var immediately = timespec()
      while sigtimedwait(&brokenPipe, nil, &immediately) < 0 && errno == EINTR {}
    }
    pthread_sigmask(SIG_SETMASK, &previous, nil)
  }
}
