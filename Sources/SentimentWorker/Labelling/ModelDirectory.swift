import Foundation

/// Finds the model that comes with the program.
enum ModelDirectory {
  /// The bundled model's name.
  static let bundled = "imdb-minilm-l6"

  /// Where resources may be, in the order in which they are looked for: beside the program, as `swift build` leaves them
  /// and as a copied build directory has them; then where a package installs them (`/usr/bin` and `/usr/share`).
  static func resourceDirectories(executable: URL) -> [URL] {
    let directory = executable.deletingLastPathComponent()
    return [
      directory.appendingPathComponent("sentiment-worker_SentimentWorker.resources"),
      directory.deletingLastPathComponent().appendingPathComponent("share/sentiment-worker"),
    ]
  }

  /// The running program, with symbolic links followed, so that a link in `/usr/local/bin` finds what lies beside its target.
  static var executable: URL {
    let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    return URL(fileURLWithPath: path).resolvingSymlinksInPath()
  }

  /// A file or directory that comes with the program.
  /// - Throws: `ResourceError` naming every place looked at.
  static func resource(_ name: String) throws(ResourceError) -> URL {
    let places = resourceDirectories(executable: executable).map { $0.appendingPathComponent(name) }
    guard let found = places.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
      throw ResourceError(name: name, places: places.map(\.path))
    }
    return found
  }
}

/// A file that comes with the program is not where it should be.
struct ResourceError: Error, CustomStringConvertible {
  var name: String
  var places: [String]
  var description: String {
    """
    \(name) comes with the program but was not found; looked for \(places.joined(separator: " and ")). \
    Copy the directory sentiment-worker_SentimentWorker.resources beside the program, or name a model with --model DIR
    """
  }
}
