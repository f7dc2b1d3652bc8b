import Foundation

extension ModelConfiguration {
  private static let maximumBytes = 16 << 20

  /// Reads `config.json` of a model directory, without its weights.
  ///
  /// - Throws: a `ModelError` that names the file, the field, what was expected and what was found.
  public init(directory: URL) throws(ModelError) { self = try Self.read(from: directory).configuration }

  /// The same with the file, for whoever needs its bytes.
  static func read(from directory: URL) throws(ModelError) -> (configuration: ModelConfiguration, file: MappedFile) {
    let file = try MappedFile(path: directory.appending(path: "config.json").path)
    guard file.bytes.count <= maximumBytes else {
      throw ModelError(
        .malformedConfiguration, file: file.path, subject: "file", expected: "at most \(maximumBytes) bytes",
        found: "\(file.bytes.count)")
    }
    // The mapping ends with the file.
    return try withExtendedLifetime(file) { () throws(ModelError) in
      (try ModelConfiguration(parsing: file.bytes, file: file.path), file)
    }
  }
}
