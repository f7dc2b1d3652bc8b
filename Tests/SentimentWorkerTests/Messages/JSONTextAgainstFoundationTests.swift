import Foundation
import Testing

@testable import SentimentWorker

/// The same verdict as Foundation's parser on random documents and on damaged ones.
///
/// Where the two are known to differ the mutations keep away from it, and the cases are in ``knownDifferences()``.
struct JSONTextAgainstFoundationTests {
  private func isValidHere(_ bytes: [UInt8]) -> Bool { (try? JSONText.scan(bytes.span, for: [])) != nil }

  private func isValidThere(_ bytes: [UInt8]) -> Bool {
    (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
  }

  @Test(arguments: [11, 12, 13]) func randomDocumentsAreTaken(seed: UInt64) {
    var json = RandomJSON(seed: seed)
    for _ in 0..<200 {
      let document = json.document()
      #expect(isValidHere([UInt8](document.utf8)), "\(document)")
      #expect(isValidThere([UInt8](document.utf8)), "\(document)")
    }
  }

  @Test(arguments: [21, 22, 23, 24]) func damagedDocumentsGetTheSameVerdict(seed: UInt64) {
    var json = RandomJSON(seed: seed)
    let letters = [UInt8]("{}[]\",:\\ 0123.eE+-truefalsn\n\u{1}x'/".utf8)
    var refused = 0
    for _ in 0..<1500 {
      var bytes = [UInt8](json.document().utf8)
      for _ in 0...json.below(2) where !bytes.isEmpty {
        let index = json.below(bytes.count)
        switch json.below(4) {
        case 0: bytes.remove(at: index)
        case 1: bytes.insert(letters[json.below(letters.count)], at: index)
        case 2: bytes[index] = letters[json.below(letters.count)]
        default: bytes.removeSubrange(index...)
        }
      }
      if differs(bytes) { continue }
      let verdict = isValidHere(bytes)
      if !verdict { refused += 1 }
      #expect(verdict == isValidThere(bytes), "\(String(decoding: bytes, as: UTF8.self))")
    }
    #expect(refused > 300)
  }

  /// Random pointers into random documents find what Foundation's tree holds there.
  @Test func stringsAreWhatFoundationReads() throws {
    var json = RandomJSON(seed: 31)
    for _ in 0..<300 {
      let bytes = [UInt8](("{\"text\":" + json.string() + ",\"rest\":" + json.object() + "}").utf8)
      let tree = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
      let expected = try #require(tree?["text"] as? String)
      let value = try #require(try JSONText.scan(bytes.span, for: [JSONPointer("/text")]).matches[0].value)
      let text = try JSONText.unescape(bytes.span, content: value.content)
      #expect(text == Array(expected.utf8))
      #expect(value.hasEscapes || text == Array(bytes[value.content]))
    }
  }

  /// Where Foundation refuses what RFC 8259 allows, or the other way round: left out of the random comparison.
  private func differs(_ bytes: [UInt8]) -> Bool {
    let text = String(decoding: bytes, as: UTF8.self)
    // Numbers beyond Double, and half surrogate pairs.
    let isLong = text.split(whereSeparator: { !"0123456789".contains($0) }).contains { $0.count > 2 && text.contains("e") }
    return isLong || text.contains("\\uD83D") || text.lowercased().contains("\\ud")
  }

  @Test func knownDifferences() {
    // RFC 8259 allows both; Foundation cannot hold them.
    #expect(isValidHere([UInt8](#""\ud800""#.utf8)))
    #expect(!isValidThere([UInt8](#""\ud800""#.utf8)))
    #expect(isValidHere([UInt8]("1e999".utf8)))
    #expect(!isValidThere([UInt8]("1e999".utf8)))
    // Foundation guesses UTF-16 and UTF-32; RFC 8259 knows UTF-8 alone.
    let utf16: [UInt8] = [0xFF, 0xFE, 0x31, 0x00]
    #expect(!isValidHere(utf16))
    #expect(isValidThere(utf16))
  }
}
