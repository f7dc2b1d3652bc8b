import Foundation
import TestSupport
import Testing

@testable import DistilBERT

@Suite("No model directory crashes the loader")
struct HostileDirectoryTests {
  @Test("there are many")
  func count() {
    let names = Set(HostileDirectory.all.map(\.description))
    print("\(names.count) hostile model directories")
    #expect(names.count >= 110 && names.count == HostileDirectory.all.count)
  }

  @Test("the sound directory loads")
  func sound() throws { #expect(try SyntheticModel().load().labels.count == 2) }

  @Test("each gives its typed error", arguments: HostileDirectory.all)
  func load(hostile: HostileDirectory) throws {
    let directory = try SyntheticModel().write()
    try hostile.damage(directory)
    do {
      _ = try Model(directory: directory.url)
      Issue.record("loaded")
    } catch {
      #expect(error.kind == hostile.kind)
      #expect(error.file == directory.url.appending(path: hostile.file).path)
      #expect(hostile.subject.isEmpty || error.subject.contains(hostile.subject))
      #expect(!error.expected.isEmpty && !error.found.isEmpty && error.advice.hasSuffix("."))
      #expect(error.description.utf8.count < 800 && !error.description.contains("\n"))
    }
  }

  @Test("a directory that is missing, a file, or unreadable")
  func noDirectory() throws {
    let directory = try SyntheticModel().write()
    for path in ["nothing/here", "config.json", "config.json/model"] {
      let error = #expect(throws: ModelError.self) { try Model(directory: directory.url.appending(path: path)) }
      #expect(error?.kind == .unreadableFile)
    }
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: directory.url.appending(path: "config.json").path)
    if geteuid() != 0 {
      #expect(throws: ModelError.self) { try Model(directory: directory.url) }
    }
  }

  @Test("every prefix of the checkpoint is refused, and so is every damaged byte of its header or it still loads")
  func damagedBytes() throws {
    let shape = SyntheticModel()
    let directory = try shape.write()
    let sound = try ModelDirectory.safetensors(shape.tensors())
    let header = 8 + Int(sound[0]) + Int(sound[1]) << 8
    for length in stride(from: 1, to: sound.count, by: 97) {
      try directory.write(sound.prefix(length), to: "model.safetensors")
      #expect(throws: ModelError.self) { try Model(directory: directory.url) }
    }
    var random = SeededRandom(seed: 7)
    for _ in 0..<150 {
      var damaged = sound
      damaged[Int.random(in: 0..<header, using: &random)] = UInt8.random(in: 0...255, using: &random)
      try directory.write(damaged, to: "model.safetensors")
      // Either outcome is right, as long as it is one of the two.
      _ = try? Model(directory: directory.url)
    }
  }
}
