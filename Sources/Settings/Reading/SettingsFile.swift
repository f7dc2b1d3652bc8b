import Glibc

/// Reads the files that settings name: the YAML file and those that hold secrets.
public enum SettingsFile {
  /// Why a file cannot be read, in the system's words.
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  /// The bytes of a file, pipes included; never much more than the bound on settings files, so that `/dev/zero` ends too.
  ///
  /// - Throws: `Failure`, for what is missing, unreadable or a directory.
  public static func read(_ path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(description: lastError()) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count <= YAMLReader.maximumBytes {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count == 0 { break }
      if count < 0, errno == EINTR { continue }
      if count < 0 { throw Failure(description: lastError()) }
      bytes += chunk[..<count]
    }
    return bytes
  }

  private static func lastError() -> String { String(cString: strerror(errno)) }
}
