import Foundation
import ModelHub

/// Where fetched models are kept, by their names on the hub: `$XDG_DATA_HOME/sentiment-worker/models/OWNER/NAME`
/// (XDG Base Directory Specification).
enum ModelStore {
  /// The directory of a repository; nil where the environment names no place.
  static func directory(of repository: RepositoryName, environment: [String: String]) -> URL? {
    guard let data = dataDirectory(environment) else { return nil }
    var directory = data.appendingPathComponent("sentiment-worker/models", isDirectory: true)
    if let owner = repository.owner { directory.appendPathComponent(owner, isDirectory: true) }
    return directory.appendingPathComponent(repository.name, isDirectory: true)
  }

  /// The directory that `--model` means: the one of that path, or that of the fetched model of that name.
  /// - Throws: `WorkerError` of kind `model` where neither is there, if the text may be a name.
  static func resolve(_ text: String, environment: [String: String]) throws(WorkerError) -> URL {
    let path = URL(fileURLWithPath: text, isDirectory: true)
    guard !FileManager.default.fileExists(atPath: path.path), let name = RepositoryName(text), name.owner != nil else {
      return path
    }
    let fetched = directory(of: name, environment: environment)
    if let fetched, FileManager.default.fileExists(atPath: fetched.path) { return fetched }
    throw WorkerError(
      .model,
      "there is no directory \(text), and no model of that name was fetched\(fetched.map { " into \($0.path)" } ?? ""); "
        + "get it from the hub with sentiment-worker model fetch \(text)")
  }

  /// An XDG variable that is no absolute path is to be ignored.
  private static func dataDirectory(_ environment: [String: String]) -> URL? {
    if let path = environment["XDG_DATA_HOME"], path.hasPrefix("/") { return URL(fileURLWithPath: path, isDirectory: true) }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return URL(fileURLWithPath: home, isDirectory: true).appendingPathComponent(".local/share", isDirectory: true)
  }
}
