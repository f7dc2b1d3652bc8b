import Foundation
import TestSupport
import Testing

/// `model info`, `model verify` and `model fetch` as a user runs them, against a hub on this machine.
struct ModelCommandTests {
  private let place: URL

  init() throws {
    place = FileManager.default.temporaryDirectory.appendingPathComponent("sentiment-models-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
  }

  private static let bundled = Program.resources.appendingPathComponent("imdb-minilm-l6")

  /// The bundled model as a repository, its listing made from its manifest.
  private static func hub() throws -> LocalHub {
    struct Manifest: Decodable {
      struct File: Decodable { var name: String, size: Int, sha256: String }
      var files: [File]
    }
    let bytes = try Data(contentsOf: bundled.appendingPathComponent("sentiment-manifest.json"))
    var files: [String: [UInt8]] = [:]
    var siblings: [String] = []
    for file in try JSONDecoder().decode(Manifest.self, from: bytes).files {
      files[file.name] = Array(try Data(contentsOf: bundled.appendingPathComponent(file.name)))
      siblings.append(#"{"rfilename": "\#(file.name)", "lfs": {"sha256": "\#(file.sha256)", "size": \#(file.size)}}"#)
    }
    return try LocalHub(
      listing: #"{"sha": "\#(LocalHub.commit)", "siblings": [\#(siblings.joined(separator: ","))]}"#, files: files)
  }

  @Test("fetch, verify, info, and a label by the fetched model's name")
  func fetched() throws {
    defer { try? FileManager.default.removeItem(at: place) }
    let hub = try Self.hub()
    hub.answer("model.safetensors") { _, sound in
      var answer = sound
      answer.cutAfter = 20_000_000
      return answer
    }
    let environment = ["HF_ENDPOINT": hub.address, "HF_TOKEN": "hf_verysecret", "XDG_DATA_HOME": place.path]
    let name = LocalHub.repository

    let fetch = try Program.run(["model", "fetch", name], environment: environment)
    #expect(fetch.exit == .status(0), "\(fetch.everything)")
    #expect(fetch.output.contains { $0.contains("run --model \(name)") })
    #expect(fetch.errors.contains { $0.contains("trying again") }, "\(fetch.errors)")
    #expect(!fetch.everything.contains("hf_verysecret"))
    let directory = place.appendingPathComponent("sentiment-worker/models/\(name)")
    #expect(FileManager.default.fileExists(atPath: directory.appendingPathComponent("model.safetensors").path))

    let verify = try Program.run(["model", "verify", name], environment: environment)
    #expect(verify.exit == .status(0), "\(verify.everything)")
    #expect(verify.output.contains { $0.contains(LocalHub.commit) } && verify.output.contains { $0.contains("to the bit") })

    let info = try Program.run(["model", "info", "--model", name, "--output", "json"], environment: environment)
    #expect(info.exit == .status(0), "\(info.everything)")
    let facts = try #require(try JSONSerialization.jsonObject(with: Data(info.output.joined().utf8)) as? [String: Any])
    #expect(facts["labels"] as? [String] == ["Negative", "Positive"] && facts["parameters"] as? Int == 22_713_218)
    #expect((facts["source"] as? [String: String])?["repository"] == name)

    let classify = try Program.run(
      ["classify", "--model", name, "--output", "jsonl", "A wonderful film."], environment: environment)
    #expect(classify.exit == .status(0) && classify.output.joined().contains(#""label":"Positive""#))

    // A byte of the weights that changes: seen by its hash, and the load's score is no longer the known one.
    let weights = directory.appendingPathComponent("model.safetensors")
    let handle = try FileHandle(forUpdating: weights)
    try handle.seek(toOffset: 30_000_000)
    try handle.write(contentsOf: Data([0x55]))
    try handle.close()
    let damaged = try Program.run(["model", "verify", name], environment: environment)
    #expect(damaged.exit == .status(1))
    #expect(damaged.output.contains { $0.hasPrefix("FAILED") && $0.contains("model.safetensors") })
  }

  @Test("killed in the middle: no directory, and the next fetch goes on")
  func killed() throws {
    defer { try? FileManager.default.removeItem(at: place) }
    let hub = try Self.hub()
    hub.answer("model.safetensors") { _, sound in
      var answer = sound
      answer.cutAfter = 20_000_000
      return answer
    }
    hub.answer("model.safetensors") { _, _ in .init(503, headers: [("Retry-After", "250")]) }
    let target = place.appendingPathComponent("model")
    let arguments = ["model", "fetch", LocalHub.repository, "--to", target.path, "--hub", hub.address]
    let process = try WorkerProcess(arguments)
    defer { process.kill() }
    try process.errors.wait(for: "the wait that the hub asks for") { $0.contains("wait_seconds") }
    process.kill()
    _ = try process.waitForExit()
    #expect(!FileManager.default.fileExists(atPath: target.path))
    let again = try Program.run(arguments)
    #expect(again.exit == .status(0), "\(again.everything)")
    #expect(hub.requests(for: "model.safetensors").last?.headers["range"] == "bytes=20000000-")
    #expect(try FileManager.default.contentsOfDirectory(atPath: place.path) == ["model"])
    let verify = try Program.run(["model", "verify", target.path, "--precision", "int8"])
    #expect(verify.exit == .status(0), "\(verify.everything)")
  }

  @Test("the bundled model is whole and computes right at every precision", arguments: [[], ["--precision", "bf16"]])
  func bundledModel(flags: [String]) throws {
    let verify = try Program.run(["model", "verify"] + flags)
    #expect(verify.exit == .status(0), "\(verify.everything)")
    #expect(verify.output.allSatisfy { $0.hasPrefix("ok") || $0.hasPrefix("note") } && verify.errors.isEmpty)
    let info = try Program.run(["model", "info"])
    #expect(info.exit == .status(0) && info.output.contains { $0.contains("22.7 M parameters") })
  }

  @Test("exit statuses and advice")
  func failures() throws {
    defer { try? FileManager.default.removeItem(at: place) }
    let hub = try Self.hub()
    let target = place.appendingPathComponent("model")
    func fetch(_ repository: String, hub address: String = hub.address) throws -> (Program.Finished, String) {
      let run = try Program.run(
        ["model", "fetch", repository, "--to", target.path, "--hub", address], environment: ["no_proxy": "*"])
      return (run, try run.onlyMessage())
    }
    let (missing, missingText) = try fetch("nobody/nothing")
    #expect(missing.exit == .status(2) && missingText.contains("nobody/nothing"))
    hub.answer("listing") { _, _ in .init(401) }
    let (refused, refusedText) = try fetch(LocalHub.repository)
    #expect(refused.exit == .status(10) && refusedText.contains("HF_TOKEN"))
    hub.answer("listing") { _, _ in .init(200, body: Array("<html>".utf8)) }
    let (odd, oddText) = try fetch(LocalHub.repository)
    #expect(odd.exit == .status(11) && oddText.contains("--hub"))
    for wrong in [["fetch"], ["fetch", "../x"], ["burn"], ["info", "--to", "x"], []] {
      #expect(try Program.run(["model"] + wrong).exit == .status(2))
    }
    let unknown = try Program.run(["classify", "--model", "some/model", "x"], environment: ["XDG_DATA_HOME": place.path])
    #expect(unknown.exit == .status(3))
    #expect(try unknown.onlyMessage().contains("model fetch some/model"))
    try Data("x".utf8).write(to: target)
    let (file, fileText) = try fetch(LocalHub.repository)
    #expect(file.exit == .status(1) && fileText.contains("--to"))
  }
}
