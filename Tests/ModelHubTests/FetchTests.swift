import Foundation
import ModelHub
import TestSupport
import Testing

@Suite("Fetching a model")
struct FetchTests {
  @Test("a sound hub: the files of the engine, checked, with a manifest, in one step")
  func sound() throws {
    let fixture = try Fixture()
    var inspected: Set<String> = []
    let result = try fixture.fetch { inspected = fixture.names($0) }
    #expect(result.commit == LocalHub.commit && !result.wasThere)
    #expect(fixture.names(fixture.destination) == ["config.json", "vocab.txt", "model.safetensors", ModelManifest.fileName])
    #expect(fixture.names(fixture.place) == ["model"])
    for (name, bytes) in Fixture.files { #expect(try fixture.bytes(name) == bytes) }
    #expect(inspected == ["config.json", "vocab.txt"], "the model is looked at before its weights come")
    let manifest = try #require(try ModelManifest(directory: fixture.destination))
    #expect(manifest.source?.repository == LocalHub.repository && manifest.source?.revision == LocalHub.commit)
    #expect(manifest.files.count == 3 && manifest.differences(in: fixture.destination) == [])
    #expect(fixture.hub.requests(for: "README.md").isEmpty)
    #expect(fixture.events.all.contains(.completed(file: "model.safetensors")))
  }

  @Test("again: nothing is fetched; a damaged file is seen")
  func again() throws {
    let fixture = try Fixture()
    _ = try fixture.fetch()
    let before = fixture.hub.server.requests.count
    #expect(try fixture.fetch().wasThere)
    #expect(fixture.hub.server.requests.count == before + 1)
    var wrong = Fixture.weights
    wrong[1000] ^= 1
    try Data(wrong).write(to: fixture.destination.appendingPathComponent("model.safetensors"))
    #expect { try fixture.fetch() } throws: { ($0 as? HubError)?.kind == .damaged && "\($0)".contains("model.safetensors") }
  }

  @Test("connections that are cut: each goes on where the last one stopped")
  func cuts() throws {
    let fixture = try Fixture()
    for cut in [100_000, 50_000, 0, 70_000] {
      fixture.hub.answer("model.safetensors") { _, sound in
        var answer = sound
        answer.cutAfter = cut
        return answer
      }
    }
    _ = try fixture.fetch()
    #expect(try fixture.bytes("model.safetensors") == Fixture.weights)
    let ranges = fixture.hub.requests(for: "model.safetensors").map { $0.headers["range"] }
    #expect(ranges == [nil, "bytes=100000-", "bytes=150000-", "bytes=150000-", "bytes=220000-"])
    #expect(fixture.hub.requests(for: "model.safetensors")[1].headers["if-range"] == "\"tag-of-model.safetensors\"")
    #expect(fixture.waited.count == 4)
  }

  @Test("a fetch that gave up leaves no model, and the next one goes on")
  func resumed() throws {
    let fixture = try Fixture()
    for cut in [200_000, 0, 0, 0, 0, 0, 0] {
      fixture.hub.answer("model.safetensors") { _, sound in
        var answer = sound
        answer.cutAfter = cut
        return answer
      }
    }
    let error = try #require(fixture.failure())
    #expect(error.kind == .unreachable && error.description.contains("goes on from there"))
    #expect(fixture.names(fixture.place) == ["model.part"])
    let before = fixture.hub.requests(for: "model.safetensors").count
    _ = try fixture.fetch()
    #expect(fixture.hub.requests(for: "model.safetensors").dropFirst(before).first?.headers["range"] == "bytes=200000-")
    #expect(fixture.hub.requests(for: "config.json").count == 1)
    #expect(try fixture.bytes("model.safetensors") == Fixture.weights)
    #expect(fixture.names(fixture.place) == ["model"])
  }

  @Test("a server that knows no ranges, or whose file changed: from the start", arguments: [true, false])
  func noRanges(changed: Bool) throws {
    let fixture = try Fixture()
    fixture.hub.answer("model.safetensors") { _, sound in
      var answer = sound
      if changed { answer.headers = [("ETag", "\"older\"")] }
      answer.cutAfter = 100_000
      return answer
    }
    if !changed {
      fixture.hub.answer("model.safetensors") { _, _ in .init(200, body: Fixture.weights) }
    }
    _ = try fixture.fetch()
    #expect(try fixture.bytes("model.safetensors") == Fixture.weights)
    let requests = fixture.hub.requests(for: "model.safetensors")
    #expect(requests.count == 2 && requests[1].headers["range"] == "bytes=100000-")
    if changed { #expect(requests[1].headers["if-range"] == "\"older\"") }
  }

  @Test("the middle of another range is not taken for the rest")
  func wrongRange() throws {
    let fixture = try Fixture()
    fixture.hub.answer("model.safetensors") { _, sound in
      var answer = sound
      answer.cutAfter = 100_000
      return answer
    }
    fixture.hub.answer("model.safetensors") { _, _ in
      .init(206, headers: [("Content-Range", "bytes 90000-299999/300000")], body: Array(Fixture.weights[90_000...]))
    }
    _ = try fixture.fetch()
    #expect(try fixture.bytes("model.safetensors") == Fixture.weights)
  }

  @Test("a range past the end (416) starts over")
  func rangePastEnd() throws {
    let fixture = try Fixture()
    fixture.hub.answer("model.safetensors") { _, sound in
      var answer = sound
      answer.cutAfter = 100_000
      return answer
    }
    fixture.hub.answer("model.safetensors") { _, _ in .init(416) }
    _ = try fixture.fetch()
    #expect(try fixture.bytes("model.safetensors") == Fixture.weights)
    #expect(fixture.hub.requests(for: "model.safetensors").last?.headers["range"] == nil)
  }

  @Test("a destination with files of somebody's own is left alone; an empty one is used")
  func destination() throws {
    let fixture = try Fixture()
    try FileManager.default.createDirectory(at: fixture.destination, withIntermediateDirectories: true)
    let own = fixture.destination.appendingPathComponent("mine.txt")
    try Data("mine".utf8).write(to: own)
    #expect { try fixture.fetch() } throws: { ($0 as? HubError)?.kind == .file && "\($0)".contains("--to") }
    #expect(try fixture.bytes("mine.txt") == Array("mine".utf8) && fixture.hub.server.requests.isEmpty)
    try FileManager.default.removeItem(at: own)
    _ = try fixture.fetch()
    #expect(try fixture.bytes("model.safetensors") == Fixture.weights)
  }

  @Test("two fetches of one destination: the second one says so")
  func locked() throws {
    let fixture = try Fixture()
    var second: (any Error)?
    _ = try fixture.fetch { _ in
      do { _ = try fixture.fetch() } catch { second = error }
    }
    #expect("\(try #require(second))".contains("another fetch"))
  }

  @Test("a model that is refused before its weights came leaves nothing")
  func refusedModel() throws {
    let fixture = try Fixture()
    let error = fixture.failure { _ in throw HubError(.unsuitable, "no DistilBERT") }
    #expect(error?.kind == .unsuitable)
    #expect(fixture.hub.requests(for: "model.safetensors").isEmpty)
  }
}
