#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A regular file, open for reading as long as the value lives.
struct RegularFile: ~Copyable {
  /// Why a file cannot be read. Reasons are the system's.
  enum Failure: Error, Equatable {
    case absent
    case unopenable(reason: String)
    case notRegular(isDirectory: Bool)
    case tooLarge(bytes: Int, limit: Int)
    case unreadable(reason: String)
    case changed(bytes: Int)
  }

  let descriptor: Int32
  /// Bytes, when it was opened.
  let size: Int
  private let modified: timespec

  /// Opens a file. Never blocks on a pipe or a device.
  init(path: String) throws(Failure) {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw errno == ENOENT ? .absent : .unopenable(reason: Self.systemReason()) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let reason = Self.systemReason()
      close(descriptor)
      throw .unreadable(reason: reason)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .notRegular(isDirectory: status.st_mode & S_IFMT == S_IFDIR)
    }
    self.descriptor = descriptor
    size = Int(status.st_size)
    modified = status.st_mtim
  }

  deinit { close(descriptor) }

  /// The whole file in memory.
  ///
  /// - Parameter limit: bytes; a larger file is refused before it is read.
  static func contents(of path: String, limit: Int) throws(Failure) -> [UInt8] {
    try RegularFile(path: path).contents(limit: limit)
  }

  private func contents(limit: Int) throws(Failure) -> [UInt8] {
    guard size <= limit else { throw .tooLarge(bytes: size, limit: limit) }
    var bytes = [UInt8](repeating: 0, count: size)
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .unreadable(reason: Self.systemReason()) }
      if count == 0 { break }
      filled += count
    }
    bytes.removeLast(bytes.count - filled)
    return bytes
  }

  /// Throws `.changed` when the file has been written to or cut since it was opened.
  func checkUnchanged() throws(Failure) {
    var status = stat()
    guard fstat(descriptor, &status) == 0, Int(status.st_size) == size, status.st_mtim.tv_sec == modified.tv_sec,
      status.st_mtim.tv_nsec == modified.tv_nsec
    else { throw .changed(bytes: Int(status.st_size)) }
  }

  /// What `errno` says.
  static func systemReason() -> String { String(cString: strerror(errno)) }
}
