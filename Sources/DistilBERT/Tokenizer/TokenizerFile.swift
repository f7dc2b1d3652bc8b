import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A text file of a model directory, read whole and known to be UTF-8.
struct TokenizerFile {
  let name: String
  let bytes: [UInt8]

  /// Reads a file; `nil` where there is none.
  ///
  /// - Parameter limit: bytes; a larger file is refused before it is read.
  /// - Throws: `TokenizerError.unreadableFile` where it is no regular file, too large or cannot be read;
  ///   `.malformedFile` where it is not UTF-8.
  init?(_ name: String, in directory: URL, limit: Int) throws(TokenizerError) {
    let path = directory.appendingPathComponent(name, isDirectory: false).path
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      let code = errno
      if code == ENOENT { return nil }
      throw .unreadableFile(file: path, reason: "cannot be opened: \(Self.message(code))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .unreadableFile(file: path, reason: "cannot be examined: \(Self.message(errno))")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .unreadableFile(file: path, reason: "is not a regular file; expected a text file")
    }
    guard status.st_size <= limit else {
      throw .unreadableFile(file: path, reason: "has \(status.st_size) bytes; expected at most \(limit)")
    }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw .unreadableFile(file: path, reason: "cannot be read: \(Self.message(errno))")
      }
      if count == 0 { break }
      filled += count
    }
    bytes.removeLast(bytes.count - filled)
    do throws(UTF8.ValidationError) {
      _ = try UTF8Span(validating: bytes.span)
    } catch {
      throw .malformedFile(file: path, offset: error.byteOffsets.lowerBound, reason: "is not UTF-8; expected UTF-8 text")
    }
    self.name = path
    self.bytes = bytes
  }

  private static func message(_ code: Int32) -> String { String(cString: strerror(code)) }
}
