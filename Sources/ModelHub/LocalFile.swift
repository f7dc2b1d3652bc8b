import Glibc

/// An open file of this machine, closed with the value.
struct LocalFile: ~Copyable {
  let path: String
  /// Bytes, when it was opened.
  let size: Int
  private let descriptor: Int32

  /// - Throws: `HubError` of kind `.file` if it is no regular file or cannot be read. Never blocks on a pipe.
  init(reading path: String) throws(HubError) {
    try self.init(path, O_RDONLY | O_NONBLOCK, purpose: "read")
  }

  /// Opens a file to be added to at its end; makes it if it is not there. Follows no symbolic link.
  init(appendingTo path: String) throws(HubError) {
    try self.init(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, purpose: "write")
  }

  private init(_ path: String, _ flags: Int32, purpose: String) throws(HubError) {
    let descriptor = open(path, flags | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .file("cannot \(purpose) \(shown(path)): \(systemReason())") }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .file("cannot \(purpose) \(shown(path)): it is not a regular file")
    }
    self.path = path
    self.descriptor = descriptor
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// The bytes read, 0 at the end.
  func read(into buffer: inout [UInt8]) throws(HubError) -> Int {
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count >= 0 { return count }
      guard errno == EINTR else { throw .file("cannot read \(shown(path)): \(systemReason())") }
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(HubError) {
    var rest = bytes
    while !rest.isEmpty {
      let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .file("cannot write \(shown(path)): \(systemReason())") }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  func write(_ bytes: [UInt8]) throws(HubError) {
    var failure: HubError?
    bytes.withUnsafeBytes { buffer in
      do throws(HubError) { try write(buffer) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  func truncate() throws(HubError) {
    guard ftruncate(descriptor, 0) == 0 else { throw .file("cannot write \(shown(path)): \(systemReason())") }
  }

  /// Waits until the bytes are on the disk.
  func synchronise() throws(HubError) {
    guard fsync(descriptor) == 0 else { throw .file("cannot write \(shown(path)): \(systemReason())") }
  }
}

extension HubError {
  static func file(_ description: String) -> HubError { HubError(.file, description) }
}

/// What `errno` says.
func systemReason() -> String { String(cString: strerror(errno)) }
