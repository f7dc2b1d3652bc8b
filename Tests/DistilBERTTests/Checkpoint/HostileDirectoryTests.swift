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

  @Test("each gives its typed error", arguments: HostileDirectory.all, Precision.allCases)
  func load(hostile: HostileDirectory, precision: Precision) throws {
    let directory = try SyntheticModel().write()
    try hostile.damage(directory)
    do {
      _ = try Model(directory: directory.url, precision: precision)
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

  @Test("what a clone without Git LFS, another format or a slip of the hand left there is named, with what to do")
  func advice() throws {
    func message(_ damage: (ModelDirectory) throws -> Void) throws -> String {
      let directory = try SyntheticModel().write()
      try damage(directory)
      return try #require(throws: ModelError.self) { try Model(directory: directory.url) }.description
    }
    let pointer = try message {
      try $0.write(Data("version https://git-lfs.github.com/spec/v1\n".utf8), to: "model.safetensors")
    }
    #expect(pointer.contains("Git LFS pointer") && pointer.contains("git lfs pull"))
    for (name, action) in [
      ("pytorch_model.bin", "safe_serialization"), ("model.safetensors.index.json", "Join the shards"),
      ("tf_model.h5", "from_tf"),
    ] {
      let other = try message {
        try $0.remove("model.safetensors")
        try $0.write(Data([0]), to: name)
      }
      #expect(other.contains("found no such file, but \(name)") && other.contains(action))
    }
    let mark = try message { try $0.write(Data([0xef, 0xbb, 0xbf, 0x7b, 0x7d]), to: "config.json") }
    #expect(mark.contains("found a byte order mark. Save the file as UTF-8 without"))
  }

  @Test("a file given in place of the directory is called one, with its path once")
  func fileAsDirectory() throws {
    let directory = try SyntheticModel().write()
    let file = directory.url.appending(path: "model.safetensors")
    let error = try #require(throws: ModelError.self) { try Model(directory: file) }
    #expect(error.file == file.path && error.description.contains("expected a directory, found a file"))
    #expect(error.description.split(separator: file.path, omittingEmptySubsequences: false).count == 2)
  }

  @Test("tensors that are not used, and a problem type that is not honoured, are remarked")
  func remarks() throws {
    let shape = SyntheticModel()
    let directory = try shape.write()
    #expect(try Model(directory: directory.url).remarks.isEmpty)
    let extra = ModelDirectory.Tensor(name: "vocab_projector.bias", type: "F32", shape: [1], values: [0])
    try directory.write(ModelDirectory.safetensors(shape.tensors() + [extra]), to: "model.safetensors")
    let configuration = "{\"problem_type\": \"regression\", " + shape.configuration.dropFirst()
    try directory.write(Data(configuration.utf8), to: "config.json")
    let model = try Model(directory: directory.url)
    #expect(model.remarks.count == 2 && model.unusedTensors == ["vocab_projector.bias"])
    #expect(model.remarks[0].contains("regression") && model.remarks[1].contains("vocab_projector.bias"))
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
