import Foundation

/// Keys as they are pressed, without Return and without echo, while standard input is a terminal.
///
/// Unchecked: `saved` is set by `init` only; the terminal's modes are the process's, and one of these exists at a time.
public final class KeyboardInput: @unchecked Sendable {
  private let saved: termios?

  /// Changes the terminal's mode, until `restore`.
  public init() {
    var modes = termios()
    guard isatty(STDIN_FILENO) == 1, tcgetattr(STDIN_FILENO, &modes) == 0 else {
      saved = nil
      return
    }
    saved = modes
    modes.c_lflag &= ~tcflag_t(ICANON | ECHO)
    tcsetattr(STDIN_FILENO, TCSANOW, &modes)
  }

  deinit { restore() }

  public func restore() {
    guard var modes = saved else { return }
    tcsetattr(STDIN_FILENO, TCSANOW, &modes)
  }

  /// Waits for a key; nil if none comes in time. Without a terminal only the time passes.
  public func key(within seconds: Double) -> UInt8? {
    guard saved != nil else {
      Thread.sleep(forTimeInterval: seconds)
      return nil
    }
    var descriptor = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    guard poll(&descriptor, 1, Int32(max(0, min(seconds * 1000, 1e6)))) > 0 else { return nil }
    var byte: UInt8 = 0
    // A terminal that went away is readable for ever.
    guard read(STDIN_FILENO, &byte, 1) == 1 else {
      Thread.sleep(forTimeInterval: seconds)
      return nil
    }
    return byte
  }
}
