import Foundation
import ModelHub
import TestSupport
import Testing

@Suite("Hubs that lie or fail")
struct HostileHubTests {
  @Test("a wrong hash is not kept: tried twice, then refused")
  func wrongHash() throws {
    let fixture = try Fixture()
    for _ in 0..<2 {
      fixture.hub.answer("model.safetensors") { _, sound in
        var answer = sound
        answer.body[150_000] ^= 1
        return answer
      }
    }
    let error = try #require(fixture.failure())
    #expect(error.kind == .damaged && error.description.contains("hash"))
    #expect(!fixture.names(fixture.staging).contains { $0.hasPrefix("model.safetensors") })
    _ = try fixture.fetch()
    #expect(try fixture.bytes("model.safetensors") == Fixture.weights)
  }

  @Test("lengths that are not the listing's", arguments: [-1, 1])
  func lengths(error: Int) throws {
    let fixture = try Fixture()
    // Said in the header, and again without a header.
    for length in [Fixture.weights.count + error, nil] {
      fixture.hub.answer("model.safetensors") { _, _ in
        var answer = LocalHub.Answer(200, body: error > 0 ? Fixture.weights + [0] : Array(Fixture.weights.dropLast()))
        answer.length = length
        return answer
      }
    }
    _ = try fixture.fetch()
    #expect(try fixture.bytes("model.safetensors") == Fixture.weights)
    #expect(fixture.hub.requests(for: "model.safetensors").count == 3)
  }

  @Test("a length that is longer than what comes is a cut connection")
  func promisedMore() throws {
    let fixture = try Fixture()
    for _ in 0..<9 {
      fixture.hub.answer("config.json") { _, sound in
        var answer = sound
        answer.cutAfter = 3
        return answer
      }
    }
    // Of 28 bytes each attempt brings 3 more, so none is in vain.
    _ = try fixture.fetch()
    #expect(try fixture.bytes("config.json") == Fixture.files["config.json"])
  }

  @Test("a server that falls silent is given up, and the next attempt goes on")
  func silence() throws {
    let fixture = try Fixture()
    fixture.hub.answer("model.safetensors") { _, sound in
      var answer = sound
      answer.cutAfter = 100_000
      answer.hangs = true
      return answer
    }
    _ = try fixture.fetch(slowSeconds: 1)
    #expect(try fixture.bytes("model.safetensors") == Fixture.weights)
    #expect(fixture.hub.requests(for: "model.safetensors").map { $0.headers["range"] } == [nil, "bytes=100000-"])
  }

  @Test("statuses", arguments: [(401, HubError.Kind.refused), (403, .refused), (404, .notFound), (400, .unreachable)])
  func statuses(status: Int, kind: HubError.Kind) throws {
    for file in ["listing", "model.safetensors"] {
      let fixture = try Fixture()
      fixture.hub.answer(file) { _, _ in .init(status, body: Array("<html>".utf8)) }
      let error = try #require(fixture.failure(token: "secret-token"))
      #expect(error.kind == kind && error.description.contains("\(status)"))
      #expect(!error.description.contains("secret-token") && fixture.waited.isEmpty)
    }
  }

  @Test("429 and 500 are waited for, as long as the server asks", arguments: ["listing", "vocab.txt"])
  func patience(file: String) throws {
    let fixture = try Fixture()
    fixture.hub.answer(file) { _, _ in .init(429, headers: [("Retry-After", "7")]) }
    fixture.hub.answer(file) { _, _ in .init(503) }
    _ = try fixture.fetch()
    #expect(fixture.waited.count == 2 && fixture.waited[0] == .seconds(7))
    #expect(fixture.waited[1] >= .seconds(1) && fixture.waited[1] <= .seconds(2))
  }

  @Test("a server that only fails is given up")
  func onlyFailures() throws {
    let fixture = try Fixture()
    for _ in 0..<20 { fixture.hub.answer("listing") { _, _ in .init(500) } }
    #expect(fixture.failure()?.kind == .unreachable)
    #expect(fixture.hub.server.requests.count == 6)
    #expect(fixture.waited.reduce(.zero, +) <= .seconds(31))
  }

  @Test("nobody there")
  func nobody() throws {
    let fixture = try Fixture()
    let error = try #require(fixture.failure(hub: "http://127.0.0.1:1"))
    #expect(error.kind == .unreachable && error.description.contains("127.0.0.1"))
  }

  @Test("redirects are followed, and the token stays with the hub")
  func redirects() throws {
    let storage = try LocalServer { _ in .init(200, body: Fixture.weights) }
    let fixture = try Fixture()
    let elsewhere = "\(storage.address)/bucket/weights?signature=x"
    fixture.hub.answer("model.safetensors") { _, _ in .redirect("/moved/model.safetensors", status: 307) }
    fixture.hub.answer("model.safetensors") { _, _ in .redirect(elsewhere) }
    _ = try fixture.fetch(token: "secret-token")
    #expect(try fixture.bytes("model.safetensors") == Fixture.weights)
    let own = fixture.hub.server.requests
    #expect(own.count >= 5 && own.allSatisfy { $0.headers["authorization"] == "Bearer secret-token" })
    #expect(own.contains { $0.path == "/moved/model.safetensors" })
    #expect(storage.requests.count == 1 && storage.requests.allSatisfy { $0.headers["authorization"] == nil })
    let manifest = String(decoding: try fixture.bytes(ModelManifest.fileName), as: UTF8.self)
    #expect(!manifest.contains("secret-token") && !manifest.contains("signature"))
  }

  @Test("the same machine by another name is another server")
  func otherName() throws {
    let fixture = try Fixture()
    let port = fixture.hub.server.port
    fixture.hub.answer("listing") { request, _ in .redirect("http://localhost:\(port)\(request.path)") }
    _ = try fixture.fetch(token: "secret-token")
    let listings = fixture.hub.server.requests.filter { $0.path.hasPrefix("/api/") }
    #expect(listings.map { $0.headers["authorization"] } == ["Bearer secret-token", nil])
  }

  @Test(
    "redirects to nowhere", arguments: ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://user:word@127.0.0.1/x", "http://"])
  func nowhere(location: String) throws {
    let fixture = try Fixture()
    fixture.hub.answer("model.safetensors") { _, _ in .redirect(location) }
    let error = try #require(fixture.failure())
    #expect(error.kind == .damaged && error.description.contains("redirects"))
  }

  @Test("a redirect in a circle ends")
  func circle() throws {
    let fixture = try Fixture()
    for _ in 0..<30 { fixture.hub.answer("config.json") { request, _ in .redirect(request.path) } }
    #expect(fixture.failure()?.kind == .damaged)
    #expect(fixture.hub.requests(for: "config.json").count == 9)
  }

  @Test("names that lead out of the directory are nobody's files")
  func traversal() throws {
    let names = [
      "../config.json", "/etc/passwd", "..", "sub/../../x", "model.safetensors/../../y", "a\\\\b", "config.json\\u0000x",
    ]
    let fixture = try Fixture(listing: Fixture.listing(more: names))
    _ = try fixture.fetch()
    #expect(fixture.names(fixture.place) == ["model"])
    #expect(fixture.names(fixture.destination).count == 4)
    #expect(fixture.hub.server.requests.count == 4)
  }

  @Test("a huge listing is not read to its end")
  func hugeListing() throws {
    let fixture = try Fixture()
    fixture.hub.answer("listing") { _, _ in .init(200, body: [UInt8](repeating: UInt8(ascii: " "), count: 17 << 20)) }
    let error = try #require(fixture.failure())
    #expect(error.kind == .damaged && error.description.contains("listing"))
  }

  @Test(
    "listings that are none",
    arguments: [
      "", "{}", "[]", "<html>", #"{"sha": "../../x", "siblings": []}"#, #"{"sha": 7, "siblings": []}"#,
      String(repeating: "[", count: 100_000),
      Fixture.listing(weightsSHA256: "abc"), Fixture.listing(weightsSHA256: String(repeating: "z", count: 64)),
      Fixture.listing(weightsSize: -1),
    ])
  func badListings(listing: String) throws {
    #expect(try #require(try Fixture(listing: listing).failure()).kind == .damaged)
  }

  @Test(
    "a model without safetensors: what to do", arguments: ["pytorch_model.bin", "model.safetensors.index.json", "tf_model.h5"])
  func otherWeights(name: String) throws {
    let fixture = try Fixture(listing: Fixture.listing(without: ["model.safetensors"], more: [name]))
    let error = try #require(fixture.failure())
    #expect(error.kind == .unsuitable && error.description.contains(name) && error.description.contains("save_pretrained"))
  }

  @Test("too large a file, and no vocabulary, are refused before anything is fetched")
  func unsuitable() throws {
    for listing in [
      Fixture.listing(weightsSize: 1 << 40), Fixture.listing(without: ["vocab.txt"]), Fixture.listing(without: ["config.json"]),
    ] {
      let fixture = try Fixture(listing: listing)
      #expect(fixture.failure()?.kind == .unsuitable)
      #expect(fixture.hub.server.requests.count == 1)
    }
  }

  @Test("more than the disk has room for is refused before anything is fetched")
  func diskFull() throws {
    let fixture = try Fixture(listing: Fixture.listing(weightsSize: 32 << 30))
    let free = try FileManager.default.attributesOfFileSystem(forPath: fixture.place.path)[.systemFreeSize] as? Int ?? 0
    guard free < 32 << 30 else { return }
    let error = try #require(fixture.failure())
    #expect(error.kind == .file && error.description.contains("make room"))
  }

  @Test(
    "names of repositories", arguments: ["../x", "a/b/c", "", "a/", "/a", "a b", "-a", ".a", "a/..", "ä/b", "a/b?c", "a%2fb"])
  func badNames(name: String) { #expect(RepositoryName(name) == nil) }

  @Test(
    "addresses of hubs", arguments: ["", "huggingface.co:x", "ftp://x", "https://me:pw@x.org", "file:///x", "https://x.org/?a"])
  func badAddresses(address: String) { #expect(throws: HubError.self) { try Hub(address: address) } }

  @Test("over plain HTTP to another machine no token goes")
  func plainHTTP() throws {
    let hub = try Hub(address: "http://example.invalid", token: "t")
    #expect(hub.warning?.contains("not sent") == true)
    #expect(try Hub(address: "https://example.invalid", token: "t").warning == nil)
    #expect(throws: HubError.self) { try Hub(address: "https://x.org", token: "two words") }
  }
}
