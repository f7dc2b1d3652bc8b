import DistilBERT
import Foundation
import ModelHub
import Settings

/// `model info`, `model verify`, `model fetch`.
struct ModelCommand {
  let values: SettingValues
  /// What to do, and with which directory or repository.
  let arguments: [String]
  let terminal: Terminal

  static let actions = ["info", "verify", "fetch"]

  func run() throws -> Int32 {
    let action = arguments.first ?? ""
    let subject = arguments.dropFirst().first
    switch action {
    case "info":
      try refuseFlagsOfFetch(action)
      return try ModelInfoCommand(values: values, directory: try directory(subject), terminal: terminal).run()
    case "verify":
      try refuseFlagsOfFetch(action)
      return try ModelVerifyCommand(values: values, directory: try directory(subject), terminal: terminal).run()
    case "fetch":
      guard let subject else {
        throw WorkerError(.usage, "name the repository: sentiment-worker model fetch OWNER/NAME")
      }
      return try ModelFetchCommand(values: values, repository: subject, terminal: terminal).run()
    default: throw WorkerError(.usage, "\"\(action)\" is nothing that model does; it does info, verify and fetch")
    }
  }

  /// The directory that stands on the command line, by path or by a fetched model's name, or else the one of the settings.
  private func directory(_ subject: String?) throws -> URL {
    guard let subject else { return try ModelLoading.directory(values) }
    return try ModelStore.resolve(subject, environment: ProcessInfo.processInfo.environment)
  }

  private func refuseFlagsOfFetch(_ action: String) throws(WorkerError) {
    if values[ModelSettings.destination] != nil || values.differsFromDefault(ModelSettings.revision) {
      throw WorkerError(.usage, "--to and --revision go with model fetch, not with model \(action)")
    }
  }
}

extension WorkerError {
  /// The exit status that says what of a fetch went wrong.
  /// Nil where it is this machine's file system, which is no matter of the command line, the model or the hub.
  init?(_ error: HubError) {
    let kind: Kind
    switch error.kind {
    case .usage, .notFound: kind = .usage
    case .refused: kind = .refused
    case .unreachable, .damaged: kind = .hub
    case .unsuitable: kind = .model
    case .file: return nil
    }
    self.init(kind, error.description)
  }
}
