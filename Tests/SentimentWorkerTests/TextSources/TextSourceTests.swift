import Foundation
import Testing

@testable import SentimentWorker

/// Gives `bytes` in pieces of `chunk`, to meet every way in which a line may be cut.
func pieces(_ bytes: [UInt8], of chunk: Int) -> ByteSource {
  var position = 0
  return ByteSource { maxBytes in
    guard position < bytes.count else { return nil }
    let end = min(bytes.count, position + min(chunk, maxBytes))
    defer { position = end }
    return Array(bytes[position..<end])
  }
}

/// All items of a source: their text, or `!reason`, with the line where it is not the number.
func read(_ source: some TextSource) throws -> [String] {
  var source = source
  var items: [String] = []
  while let item = try source.next() {
    #expect(item.number == items.count + 1)
    let place = item.line == item.number ? "" : "@\(item.line) "
    switch item.text {
    case .success(let text): items.append(place + String(decoding: text, as: UTF8.self))
    case .failure(let error):
      #expect(error.line == item.line)
      items.append(place + "!" + error.reason.name)
    }
  }
  return items
}

struct LineTextSourceTests {
  private func lines(_ bytes: [UInt8], chunk: Int = 1000, maximumBytes: Int = 1000) throws -> [String] {
    try read(LineTextSource(pieces(bytes, of: chunk), format: .text, maximumBytes: maximumBytes))
  }

  @Test(arguments: [1, 2, 3, 5, 1000]) func aTextALine(chunk: Int) throws {
    let bytes = [UInt8]("\u{FEFF}one\r\ntwo\n\n \t\nf\u{0}our\rx\n\u{FEFF}é".utf8)
    #expect(try lines(bytes, chunk: chunk) == ["one", "two", "!blank", "!blank", "f\u{0}our\rx", "\u{FEFF}é"])
  }

  @Test func endsWithAndWithoutANewline() throws {
    #expect(try lines([]) == [])
    #expect(try lines([UInt8]("a".utf8)) == ["a"])
    #expect(try lines([UInt8]("a\n".utf8)) == ["a"])
    #expect(try lines([UInt8]("a\n\n".utf8)) == ["a", "!blank"])
    #expect(try lines([UInt8]("\r\n".utf8)) == ["!blank"])
    #expect(try lines(byteOrderMark) == ["!blank"])
  }

  @Test func bytesThatAreNotUTF8CostTheirLineOnly() throws {
    #expect(try lines([0xFF, 0x0A, 0x61]) == ["!not-utf8", "a"])
  }

  @Test(arguments: [1, 4, 1000]) func longLinesAreBounded(chunk: Int) throws {
    let bytes = [UInt8]("1234567890\r\n12345678901\r\n12345678901234567890\na".utf8)
    #expect(try lines(bytes, chunk: chunk, maximumBytes: 10) == ["1234567890", "!too-large", "!too-large", "a"])
    #expect(try lines(byteOrderMark + bytes, chunk: chunk, maximumBytes: 10) == ["1234567890", "!too-large", "!too-large", "a"])
    var reader = LineReader(pieces(bytes, of: chunk), maximumBytes: 10)
    _ = try reader.next()
    #expect(try reader.next() == .tooLong(byteCount: 11))
    #expect(try reader.next() == .tooLong(byteCount: 20))
  }

  @Test func aLineFarTooLongIsPassedOverPieceByPiece() throws {
    let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 512 << 10)
    var left = 16
    let source = ByteSource { _ in
      left -= 1
      return left > 0 ? piece : left == 0 ? [UInt8]("\nend".utf8) : nil
    }
    #expect(try read(LineTextSource(source, format: .text, maximumBytes: 1000)) == ["!too-large", "end"])
  }

  @Test func aJSONDocumentALine() throws {
    let text = #"""
      {"text":"a\nb"}
      {"text":1}

      nonsense
      {"other":"x"}
      {"text":"last"}
      """#
    let source = LineTextSource(pieces([UInt8](text.utf8), of: 7), format: .json(try JSONPointer("/text")))
    #expect(try read(source) == ["a\nb", "!not-a-string", "!not-json", "!not-json", "!field-missing", "last"])
  }

  @Test func filesAreReadAndFaultsNameThem() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("texts-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("a.txt").path
    let text = String(repeating: "line of some length\n", count: 10_000)
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    #expect(try read(LineTextSource(try .file(path), format: .text)).count == 10_000)

    let missing = #expect(throws: ByteSourceError.self) { _ = try ByteSource.file(path + "x") }
    #expect(missing?.description.contains(path + "x") == true)
    let directory = #expect(throws: ByteSourceError.self) {
      var source = LineTextSource(try .file(folder.path), format: .text)
      _ = try source.next()
    }
    #expect(directory?.description.contains(folder.path) == true)
  }
}
