import Foundation
import Testing

@testable import ModelHub

@Suite("Hashes are those of the standard and of git")
struct DigestTests {
  /// FIPS 180-4's examples (NIST CSRC, "Secure Hashing" example values).
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
    ),
    (
      String(repeating: "a", count: 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
      "34aa973cd4c4daa4f61eeb2bdbad27316534016f"
    ),
  ])
  func vectors(text: String, sha256: String, sha1: String) {
    let bytes = Array(text.utf8)
    // In pieces of every kind: the hash knows none.
    for piece in [1, 3, 63, 64, 65, 1000, 1 << 20] where bytes.count / piece < 20_000 {
      var first = Digest.sha256()
      var second = Digest.sha1()
      for start in stride(from: 0, to: bytes.count, by: piece) {
        first.update(bytes[start..<min(start + piece, bytes.count)])
        second.update(bytes[start..<min(start + piece, bytes.count)])
      }
      #expect(first.hexadecimal() == sha256)
      #expect(second.hexadecimal() == sha1)
    }
  }

  @Test("every length around a block's end, against the system's own tools")
  func lengths() throws {
    let place = FileManager.default.temporaryDirectory.appendingPathComponent("sentiment-digest-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: place) }
    let sizes = Array(50...70) + [119, 120, 127, 128, 129]
    for size in sizes {
      try Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }).write(to: place.appendingPathComponent("\(size)"))
    }
    for (tool, make) in [("sha256sum", Digest.sha256), ("sha1sum", Digest.sha1)] {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/\(tool)")
      process.arguments = sizes.map { "\($0)" }
      process.currentDirectoryURL = place
      let output = Pipe()
      process.standardOutput = output
      try process.run()
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      let ours = sizes.map { size in
        var digest = make()
        digest.update((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }[...])
        return "\(digest.hexadecimal())  \(size)"
      }
      #expect(text.split(separator: "\n").map(String.init) == ours)
    }
  }

  @Test("a git blob is named as git hash-object names it")
  func blob() {
    #expect(DigestAlgorithm.gitBlob.digest(of: []) == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
    #expect(DigestAlgorithm.gitBlob.digest(of: Array("hello\n".utf8)) == "ce013625030ba8dba906f756967f9e9ca394464a")
  }
}
