import Foundation
import ModelHub
import TestSupport

/// A hub with a small repository, and a temporary place to fetch it to.
final class Fixture {
  static let weights = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
  static let files: [String: [UInt8]] = [
    "config.json": Array(#"{"model_type": "distilbert"}"#.utf8), "vocab.txt": Array("[PAD]\n[UNK]\n".utf8),
    "model.safetensors": weights,
  ]

  let hub: LocalHub
  let place: URL
  let events = Events()
  private let waits = Events()

  /// - Parameters:
  ///   - listing: of the repository; nil for the right one.
  init(listing: String? = nil) throws {
    hub = try LocalHub(listing: listing ?? Self.listing(), files: Self.files)
    place = FileManager.default.temporaryDirectory.appendingPathComponent("sentiment-hub-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: place) }

  var destination: URL { place.appendingPathComponent("model") }
  var staging: URL { place.appendingPathComponent("model.part") }

  /// The listing as the hub gives it: the weights in LFS, the others as git blobs, and files that nobody wants.
  static func listing(
    weightsSHA256: String = DigestAlgorithm.sha256.digest(of: weights), weightsSize: Int = weights.count,
    without: Set<String> = [], more: [String] = ["README.md", ".gitattributes"]
  ) -> String {
    var siblings = more.map { #"{"rfilename": "\#($0)", "size": 5, "blobId": "\#(String(repeating: "a", count: 40))"}"# }
    for (name, bytes) in files.sorted(by: { $0.key < $1.key }) where !without.contains(name) {
      let isWeights = name == "model.safetensors"
      let lfs = isWeights ? #", "lfs": {"sha256": "\#(weightsSHA256)", "size": \#(weightsSize), "pointerSize": 134}"# : ""
      let blob = DigestAlgorithm.gitBlob.digest(of: bytes)
      siblings.append(
        #"{"rfilename": "\#(name)", "size": \#(isWeights ? weightsSize : bytes.count), "blobId": "\#(blob)"\#(lfs)}"#)
    }
    return #"{"id": "\#(LocalHub.repository)", "sha": "\#(LocalHub.commit)", "siblings": [\#(siblings.joined(separator: ", "))]}"#
  }

  func fetch(
    token: String? = nil, hub address: String? = nil, repository: String = LocalHub.repository, variables: [String: String] = [:],
    slowSeconds: Int = 30, inspect: (URL) throws -> Void = { _ in }
  ) throws -> ModelFetch.Result {
    var environment = FetchEnvironment(variables: variables) { [waits] in waits.add(.retry(reason: "", wait: $0)) }
    environment.patience.slowSeconds = slowSeconds
    guard let name = RepositoryName(repository) else { throw HubError(.usage, repository) }
    let fetch = ModelFetch(
      hub: try Hub(address: address ?? hub.address, token: token), repository: name, destination: destination,
      environment: environment, userAgent: "test")
    return try fetch.run(inspect: inspect) { [events] in events.add($0) }
  }

  /// The error of a fetch that must fail, leaving nothing at the destination.
  func failure(token: String? = nil, hub address: String? = nil, inspect: (URL) throws -> Void = { _ in }) -> HubError? {
    do {
      _ = try fetch(token: token, hub: address, inspect: inspect)
      return nil
    } catch {
      return FileManager.default.fileExists(atPath: destination.path) ? nil : error as? HubError
    }
  }

  func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: destination.appendingPathComponent(name))) }
  func names(_ directory: URL) -> Set<String> {
    Set((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? [])
  }

  /// Waits that were asked for; none was really waited.
  var waited: [Duration] {
    waits.all.compactMap {
      guard case .retry(_, let wait) = $0 else { return nil }
      return wait
    }
  }

  /// Unchecked: guarded by `lock`.
  final class Events: @unchecked Sendable {
    private let lock = NSLock()
    private var events: [FetchEvent] = []
    var all: [FetchEvent] { lock.withLock { events } }
    func add(_ event: FetchEvent) { lock.withLock { events.append(event) } }
  }
}
