import Foundation

/// Something that a fetch has to tell while it goes on.
public enum FetchEvent: Sendable, Equatable {
  /// The hub has told what there is.
  case listed(commit: String, files: Int, bytes: Int)
  /// A file begins; `present` bytes of it came before.
  case began(file: String, size: Int, present: Int)
  /// So many bytes of all files are there.
  case progress(bytes: Int, of: Int)
  case completed(file: String)
  /// Something failed and is tried again after a wait.
  case retry(reason: String, wait: Duration)
  case warning(String)
}

/// Fetches a model from a hub into a directory.
public struct ModelFetch {
  public var hub: Hub
  public var repository: RepositoryName
  /// A branch, a tag or a commit.
  public var revision: String
  /// The directory to make.
  public var destination: URL
  public var environment: FetchEnvironment
  public var userAgent: String

  public struct Result: Sendable, Equatable {
    public var commit: String
    /// Bytes of all files.
    public var bytes: Int
    /// The directory had just this model before.
    public var wasThere: Bool
  }

  private static let attemptLimit = 6

  public init(
    hub: Hub, repository: RepositoryName, revision: String = "main", destination: URL, environment: FetchEnvironment,
    userAgent: String
  ) {
    self.hub = hub
    self.repository = repository
    self.revision = revision
    self.destination = destination
    self.environment = environment
    self.userAgent = userAgent
  }

  /// Fetches, on the calling thread, for as long as it takes.
  ///
  /// Asks for the listing of the revision, then for each file at the listing's commit, so that all are of one version. Sizes and
  /// hashes are the listing's. Bytes of an earlier fetch that was broken off are used.
  ///
  /// - Parameters:
  ///   - inspect: is called with a directory that has everything but the weights; throws to refuse the model.
  ///   - report: takes what there is to tell.
  /// - Throws: `HubError`, or what `inspect` throws.
  public func run(inspect: (URL) throws -> Void, report: (FetchEvent) -> Void) throws -> Result {
    guard (1...256).contains(revision.utf8.count),
      !revision.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else { throw HubError(.usage, "a revision is a branch, a tag or a commit") }
    if let warning = hub.warning { report(.warning(warning)) }
    let client = HubClient(
      hub: hub,
      transfer: WebTransfer(patience: environment.patience, userAgent: userAgent, environment: environment.variables))
    let isVacant = try checkDestination()
    let listing = try self.listing(client, report)
    let files = try ModelFiles.choose(from: listing)
    let bytes = files.reduce(0) { $0 + $1.size }
    report(.listed(commit: listing.commit, files: files.count, bytes: bytes))
    guard isVacant else {
      try checkPresent(listing)
      return Result(commit: listing.commit, bytes: bytes, wasThere: true)
    }

    let staging = try Staging(destination: destination)
    staging.keepOnly(files)
    try fetch(files, of: listing, client, staging, inspect, report)
    let manifest = ModelManifest(
      source: .init(hub: hub.base, repository: repository.description, revision: listing.commit),
      files: try files.map {
        .init(
          name: $0.name, size: $0.size,
          sha256: $0.algorithm == .sha256
            ? $0.digest
            : try DigestAlgorithm.sha256.digest(ofFile: staging.directory.appendingPathComponent($0.name).path))
      })
    try staging.write(try manifest.encoded(), to: ModelManifest.fileName)
    try staging.publish()
    return Result(commit: listing.commit, bytes: bytes, wasThere: false)
  }

  // MARK: The destination

  /// Whether the destination is free; false if it is a fetched model.
  private func checkDestination() throws(HubError) -> Bool {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: destination.path, isDirectory: &isDirectory) else { return true }
    guard isDirectory.boolValue else {
      throw .file("\(shown(destination.path)) is a file; give another directory with --to")
    }
    let content: [String]
    do {
      content = try FileManager.default.contentsOfDirectory(atPath: destination.path)
    } catch {
      throw .file("cannot read the directory \(shown(destination.path)); give another one with --to")
    }
    if content.isEmpty { return true }
    guard content.contains(ModelManifest.fileName) else {
      throw .file(
        "\(shown(destination.path)) holds files that no fetch has put there; give another directory with --to, or empty it")
    }
    return false
  }

  /// Throws unless the destination holds just the model of a listing.
  private func checkPresent(_ listing: RepositoryListing) throws(HubError) {
    let path = shown(destination.path)
    guard let manifest = try ModelManifest(directory: destination) else { return }
    guard manifest.source?.repository == repository.description, manifest.source?.revision == listing.commit else {
      let there = manifest.source.map { "\(shown($0.repository)) at \(shown($0.revision, limit: 12))" } ?? "another model"
      throw .file(
        "\(path) holds \(there), and \(repository) is at "
          + "\(shown(listing.commit, limit: 12)) now. A model that may be in use is not replaced: give another directory with --to, or remove this one"
      )
    }
    let differences = manifest.differences(in: destination)
    guard differences.isEmpty else {
      throw HubError(
        .damaged, "\(path) is not as it was fetched: \(differences.joined(separator: "; ")). Remove it and fetch again")
    }
  }

  // MARK: The way there

  private func listing(_ client: HubClient, _ report: (FetchEvent) -> Void) throws(HubError) -> RepositoryListing {
    let owner = repository.owner.map { percentEncoded($0) + "/" } ?? ""
    let path = "/api/models/\(owner)\(percentEncoded(repository.name))/revision/\(percentEncoded(revision))?blobs=true"
    let subject = "\(repository) at \(shown(revision))"
    var attempts = Attempts(limit: Self.attemptLimit)
    while true {
      var body: [UInt8] = []
      var isTooLong = false
      let ending = try client.get(path, headers: ["Accept: application/json"]) { head, bytes in
        isTooLong = body.count + bytes.count > RepositoryListing.sizeLimit
        guard head.status == 200, !isTooLong else { return false }
        body += bytes
        return true
      }
      if isTooLong, ending.head.status == 200 {
        throw HubError(.damaged, "the hub's listing of \(repository) is longer than \(RepositoryListing.sizeLimit) bytes")
      }
      if ending.isFinal, let failure = ending.failure { throw client.unreachable(failure) }
      var problem: (reason: String, wait: Duration?)
      if let failure = ending.failure {
        problem = (failure, nil)
      } else {
        switch try ending.head.outcome(of: subject, hasToken: hub.token != nil) {
        case .done: return try RepositoryListing(repository: repository, parsing: body)
        case .again(let reason, let wait): problem = (reason, wait)
        }
      }
      guard let wait = attempts.waitAfterFailure(asked: problem.wait, random: .random(in: 0...1)) else {
        throw client.unreachable(problem.reason)
      }
      report(.retry(reason: "\(client.hub.address.host): \(problem.reason)", wait: wait))
      environment.pause(wait)
    }
  }

  private func fetch(
    _ files: [RepositoryFile], of listing: RepositoryListing, _ client: HubClient, _ staging: borrowing Staging,
    _ inspect: (URL) throws -> Void, _ report: (FetchEvent) -> Void
  ) throws {
    let owner = repository.owner.map { percentEncoded($0) + "/" } ?? ""
    let base = "/\(owner)\(percentEncoded(repository.name))/resolve/\(listing.commit)/"
    let total = files.reduce(0) { $0 + $1.size }
    let present = files.map { Self.present($0, in: staging.directory) }
    try staging.checkSpace(for: total - present.reduce(0, +))
    var done = 0
    for (file, present) in zip(files, present) {
      // What is complete was checked before it got its name, but by a process that may have been another version.
      let isComplete =
        present == file.size
        && (try? file.algorithm.digest(ofFile: staging.directory.appendingPathComponent(file.name).path)) == file.digest
      if file.name == ModelFiles.weights { try inspect(staging.directory) }
      report(.began(file: file.name, size: file.size, present: present))
      if !isComplete {
        let before = done
        let download = FileDownload(
          client: client, path: base + percentEncoded(file.name), file: file, directory: staging.directory,
          environment: environment)
        try download.run(
          progress: { report(.progress(bytes: before + $0, of: total)) },
          retry: { report(.retry(reason: $0, wait: $1)) })
      }
      done += file.size
      report(.progress(bytes: done, of: total))
      report(.completed(file: file.name))
    }
  }

  /// Bytes of a file that are there, complete or in parts.
  private static func present(_ file: RepositoryFile, in directory: URL) -> Int {
    let names = [file.name, "\(file.name).\(file.digest.prefix(16)).part"]
    return names.lazy.compactMap { try? LocalFile(reading: directory.appendingPathComponent($0).path).size }
      .first.map { min($0, file.size) } ?? 0
  }
}
