import Foundation
import ModelHub
import Testing

@testable import SentimentWorker

@Suite("Fetched models by name")
struct ModelStoreTests {
  private static let name = RepositoryName("owner/name")

  @Test(
    "where they are kept",
    arguments: [
      (["XDG_DATA_HOME": "/data", "HOME": "/home/me"], "/data/sentiment-worker/models/owner/name"),
      (["HOME": "/home/me"], "/home/me/.local/share/sentiment-worker/models/owner/name"),
      // The specification: a path that is not absolute is to be ignored.
      (["XDG_DATA_HOME": "data", "HOME": "/home/me"], "/home/me/.local/share/sentiment-worker/models/owner/name"),
      ([:], nil),
    ] as [([String: String], String?)])
  func places(environment: [String: String], path: String?) throws {
    #expect(ModelStore.directory(of: try #require(Self.name), environment: environment)?.path == path)
  }

  @Test("a path is a path, a name is a fetched model, and what is neither says how to get it")
  func resolve() throws {
    let place = FileManager.default.temporaryDirectory.appendingPathComponent("sentiment-store-\(UUID().uuidString)")
    let fetched = place.appendingPathComponent("sentiment-worker/models/owner/name")
    try FileManager.default.createDirectory(at: fetched, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: place) }
    let environment = ["XDG_DATA_HOME": place.path]
    #expect(try ModelStore.resolve("owner/name", environment: environment).path == fetched.path)
    #expect(try ModelStore.resolve(fetched.path, environment: environment).path == fetched.path)
    for path in ["name", "./owner/name", "/no/such", "a/b/c"] {
      #expect(try ModelStore.resolve(path, environment: environment).path == URL(fileURLWithPath: path).path)
    }
    #expect { try ModelStore.resolve("owner/other", environment: environment) } throws: {
      ($0 as? WorkerError)?.kind == .model && "\($0)".contains("model fetch owner/other")
    }
  }

  @Test("the bar of a fetch: share, rate of what came now, time left; not too often")
  func bar() {
    var bar = FetchBar(total: 268_000_000, start: 134_000_000, startedAt: 0)
    let second: Nanoseconds = 1_000_000_000
    #expect(
      bar.line(bytes: 201_000_000, at: 10 * second) == "[###############.....] 75 %  201 MB of 268 MB, 6.7 MB/s, 10 s left")
    #expect(bar.line(bytes: 202_000_000, at: 10 * second + 1) == nil)
    #expect(bar.line(bytes: 268_000_000, at: 10 * second + 2)?.hasPrefix("[####################] 100 %") == true)
    var empty = FetchBar(total: 0, start: 0, startedAt: 0)
    #expect(empty.line(bytes: 0, at: 0)?.contains("100 %") == true)
  }

  @Test("golden logits: shape, distance, labels, digest")
  func golden() throws {
    let golden = try JSONDecoder().decode(
      GoldenLogits.self,
      from: Data(
        #"{"fingerprint": "f", "tolerance": 1e-4, "int8_digest": "d", "logits": [{"id": "a", "logits": [1.0, -1.0]}, {"id": "b", "logits": [0.25, 0.5]}]}"#
          .utf8))
    #expect(golden.difference(from: [[1, -1], [0.25, 0.5]]) == 0)
    #expect(golden.difference(from: [[1, -1], [0.75, 0.5]]) == 0.5)
    #expect(golden.difference(from: [[1, -1]]) == nil && golden.difference(from: [[1, -1], [0]]) == nil)
    #expect(golden.sameLabels(as: [[1, -1], [0.75, 0.5]]) == 1)
    #expect(GoldenLogits.digest(of: [[1, -1]]) != GoldenLogits.digest(of: [[1, -1.0000001]]))
    #expect(GoldenLogits.digest(of: []) == "cbf29ce484222325")
  }
}
