import Foundation

extension ModelConfiguration {
  private static let maximumBytes = 16 << 20

  /// Reads `config.json` of a model directory, without its weights.
  ///
  /// - Throws: a `ModelError` that names the file, the field, what was expected and what was found.
  public init(directory: URL) throws(ModelError) { self = try Self.read(from: directory).configuration }

  /// The same with the file's bytes.
  static func read(from directory: URL) throws(ModelError) -> (configuration: ModelConfiguration, bytes: [UInt8]) {
    let path = directory.appending(path: "config.json").path
    let bytes: [UInt8]
    do throws(RegularFile.Failure) {
      bytes = try RegularFile.contents(of: path, limit: maximumBytes)
    } catch {
      var isDirectory: ObjCBool = false
      if FileManager.default.fileExists(atPath: directory.path, isDirectory: &isDirectory), !isDirectory.boolValue {
        throw ModelError(fileAsDirectory: directory.path)
      }
      throw ModelError(error, file: path)
    }
    guard !bytes.isEmpty else { throw ModelError(unreadable: path, found: "an empty file") }
    guard !GitLFS.isPointer(bytes) else { throw ModelError(gitLFSPointer: path) }
    return (try ModelConfiguration(parsing: bytes, file: path), bytes)
  }
}
