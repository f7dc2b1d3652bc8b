import DistilBERT
import Foundation
import ModelHub
import Settings
import Telemetry

/// `model fetch`: a model from a hub into a directory, and the line to run it with.
struct ModelFetchCommand {
  let values: SettingValues
  let repository: String
  let terminal: Terminal

  private var environment: [String: String] { ProcessInfo.processInfo.environment }

  func run() throws -> Int32 {
    guard let name = RepositoryName(repository) else {
      throw WorkerError(
        .usage, "\"\(repository)\" is no name of a repository; write OWNER/NAME, such as DeepAxion/distilbert-imdb-sentiment")
    }
    let destination = try destination(name)
    let display = FetchDisplay(values, terminal, repository: repository)
    let result: ModelFetch.Result
    do {
      defer { display.close() }
      let fetch = ModelFetch(
        hub: try Hub(address: address, token: environment["HF_TOKEN"]), repository: name,
        revision: values[ModelSettings.revision], destination: destination,
        environment: FetchEnvironment(variables: environment), userAgent: "sentiment-worker/\(Versions.program)")
      result = try fetch.run(inspect: { try inspect($0) }, report: display.show)
    } catch let error as HubError {
      throw WorkerError(error) ?? error as any Error
    }
    return report(result, destination)
  }

  private var address: String {
    guard values.source(of: ModelSettings.hub) == .default, let endpoint = environment["HF_ENDPOINT"], !endpoint.isEmpty else {
      return values[ModelSettings.hub]
    }
    return endpoint
  }

  private func destination(_ name: RepositoryName) throws(WorkerError) -> URL {
    if let path = values[ModelSettings.destination] { return URL(fileURLWithPath: path, isDirectory: true).standardizedFileURL }
    guard let directory = ModelStore.directory(of: name, environment: environment) else {
      throw WorkerError(.usage, "neither XDG_DATA_HOME nor HOME says where models are kept; give a directory with --to DIR")
    }
    return directory
  }

  /// Refuses what the engine cannot run before its weights are fetched.
  private func inspect(_ directory: URL) throws(WorkerError) {
    do {
      let configuration = try ModelConfiguration(directory: directory)
      _ = try ModelTokenizer(directory: directory, configuration: configuration)
    } catch let error as WorkerError {
      throw WorkerError(.model, "\(repository) cannot be run: \(error)")
    } catch {
      throw WorkerError(.model, "\(repository) cannot be run: \(error)")
    }
  }

  private func report(_ result: ModelFetch.Result, _ destination: URL) -> Int32 {
    let isByName =
      RepositoryName(repository)?.owner != nil && values[ModelSettings.destination] == nil
      && !FileManager.default.fileExists(atPath: repository)
    let model = isByName ? repository : Self.quoted(destination.path)
    switch values[ModelSettings.output] {
    case .text:
      return terminal.print(
        """
        \(result.wasThere ? "already there" : "fetched"): \(repository) at \(result.commit), \(Figures.megabytes(result.bytes)), sizes and hashes as the hub lists them
        directory: \(destination.path)
        run it:    sentiment-worker run --model \(model)
        check it:  sentiment-worker model verify \(model)
        """)
    case .json:
      var json = JSONWriter()
      json.object { json in
        json.member("version", 1)
        json.member("repository", repository)
        json.member("revision", result.commit)
        json.member("directory", destination.path)
        json.member("bytes", result.bytes)
        json.member("was_there", result.wasThere)
        json.member("model", isByName ? repository : destination.path)
      }
      return terminal.write(json.bytes + [UInt8(ascii: "\n")]) ? ExitStatus.success : ExitStatus.failure
    }
  }

  /// As a shell needs it.
  private static func quoted(_ path: String) -> String {
    let isPlain = path.unicodeScalars.allSatisfy {
      $0.isASCII && ($0.properties.isAlphabetic || "0123456789/._-+@%:,=".unicodeScalars.contains($0))
    }
    return isPlain ? path : "'" + path.replacing("'", with: "'\\''") + "'"
  }
}
