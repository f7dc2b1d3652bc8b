import Glibc

/// Standard input, output and error, as the system has them.
public enum StandardStreams {
  /// Gives the numbers 0, 1 and 2, where the process was started without them, to a descriptor that refuses writes, so that no
  /// file or socket gets them. To be called before anything is opened.
  public static func reserve() {
    // The lowest free number is given out first.
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 { _ = open("/dev/null", O_RDONLY | O_CLOEXEC) }
  }

  /// Columns of the terminal that standard output is; nil where it is none or does not know.
  public static var outputColumns: Int? { outputSize?.columns }

  /// Columns and rows of that terminal.
  public static var outputSize: (columns: Int, rows: Int)? {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return (Int(size.ws_col), Int(size.ws_row))
  }
}

/// What the system says about its error numbers.
public enum SystemError {
  /// For example `No space left on device` for `ENOSPC`.
  public static func text(_ code: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
