import Testing

@testable import DistilBERT

/// Normalisation and word boundaries of every code point, and of every two marks that reordering can swap, against digests
/// of what Hugging Face's `tokenizers` makes of the same text. `scripts/unicode-tables.py --digests` prints them.
@Suite struct UnicodeStagesTests {
  /// FNV-1a of the words, each followed by a line feed.
  private struct WordDigest: NormalizedTextSink {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325
    private var isInWord = false
    var isFull: Bool { false }

    private mutating func mix(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }

    mutating func endWord() {
      if isInWord { mix(0x0A) }
      isInWord = false
    }

    mutating func appendASCIILetter(_ byte: UInt8) {
      mix(byte)
      isInWord = true
    }

    mutating func appendASCIIPunctuation(_ byte: UInt8) {
      endWord()
      appendASCIILetter(byte)
      endWord()
    }

    mutating func appendSpace(_ byte: UInt8) { endWord() }

    mutating func append(_ scalar: UInt32, _ flags: UnicodeProperties.Flags) {
      if flags.contains(.whitespace) || flags.contains(.punctuation) { endWord() }
      if flags.contains(.whitespace) { return }
      for byte in String(Unicode.Scalar(scalar)!).utf8 { appendASCIILetter(byte) }
      if flags.contains(.punctuation) { endWord() }
    }
  }

  private func digest(_ text: [UInt8], _ normalizer: Normalizer) -> UInt64 {
    var sink = WordDigest()
    normalizer.normalize(text.span, 0..<text.count, into: &sink)
    sink.endWord()
    return sink.value
  }

  struct Stages: Sendable {
    var cleanText: Bool
    var chinese: Bool
    var stripAccents: Bool
    var lowercase: Bool
    var digest: UInt64
  }

  @Test(arguments: [
    Stages(cleanText: true, chinese: true, stripAccents: true, lowercase: true, digest: 0x1EE6_5F20_C68E_CBF5),
    Stages(cleanText: true, chinese: true, stripAccents: false, lowercase: true, digest: 0xFACD_3E5D_3F57_11AD),
    Stages(cleanText: true, chinese: true, stripAccents: false, lowercase: false, digest: 0xFCDD_E78C_C814_99E4),
    Stages(cleanText: false, chinese: false, stripAccents: true, lowercase: false, digest: 0xB464_B3F6_27C4_878C),
    Stages(cleanText: false, chinese: false, stripAccents: false, lowercase: false, digest: 0x8119_340F_4283_A496),
  ])
  func everyCodePoint(stages: Stages) {
    var text: [UInt8] = []
    for value in UInt32(0)..<0x110000 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      text.append(UInt8(ascii: "a"))
      text.append(contentsOf: UTF8.encode(scalar)!)
    }
    let normalizer = Normalizer(
      cleanText: stages.cleanText, separateChinese: stages.chinese, stripAccents: stages.stripAccents,
      lowercase: stages.lowercase)
    #expect(digest(text, normalizer) == stages.digest)
  }

  @Test func everyTwoMarksThatReorderingCanSwap() {
    let marks = (UInt32(0)..<0x20000).filter { UnicodeProperties.shared.flags(of: $0).order >= 2 }
      .compactMap(Unicode.Scalar.init)
    // Nothing, a mark that is stripped, a starter that is stripped, a control character that is removed, a letter.
    let between = ["", "\u{301}", "\u{FE0F}", "\u{1}", "b"]
    var text: [UInt8] = []
    for first in marks {
      for (index, second) in marks.enumerated() {
        text.append(contentsOf: "a\(first)\(between[index % between.count])\(second)".utf8)
      }
    }
    let normalizer = Normalizer(cleanText: true, separateChinese: true, stripAccents: true, lowercase: true)
    #expect(digest(text, normalizer) == 0xE772_5793_2F7C_9CE2)
  }
}
