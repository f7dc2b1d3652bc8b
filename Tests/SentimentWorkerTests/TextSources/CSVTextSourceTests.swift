import TestSupport
import Testing

@testable import SentimentWorker

struct CSVTextSourceTests {
  private func texts(_ csv: String, column: String = "text", chunk: Int = 1000, maximumBytes: Int = 1000) throws -> [String] {
    try read(CSVTextSource(pieces([UInt8](csv.utf8), of: chunk), column: column, maximumBytes: maximumBytes))
  }

  @Test(arguments: [1, 2, 3, 7, 1000]) func rowsByRFC4180(chunk: Int) throws {
    let csv =
      "\u{FEFF}id,\"text\",n\r\n" + "1,plain,2\r\n" + "2,\"with, comma\",\r\n" + "3,\"two\r\nlines\",\"\"\r\n"
      + "4,\"say \"\"hi\"\"\",x\r\n"
      + "\r\n" + "5,\"\",x\n" + "6,5\" screen,x\n" + "7,last,\"\""
    #expect(
      try texts(csv, chunk: chunk) == [
        "@2 plain", "@3 with, comma", "@4 two\r\nlines", "@6 say \"hi\"", "@8 !blank", "@9 5\" screen", "@10 last",
      ])
  }

  @Test func columnsAreFoundByName() throws {
    #expect(try texts("a,b\n1,2\n", column: "a") == ["@2 1"])
    #expect(try texts("a,b\n1,2\n", column: "b") == ["@2 2"])
    #expect(try texts("\"te\"\"xt\"\nx\n", column: "te\"xt") == ["@2 x"])
    #expect(try texts("text\n") == [])
    #expect(throws: CSVHeaderError.noColumn("text", of: ["id", "review"])) { try texts("id,review\n1,a\n") }
    #expect(throws: CSVHeaderError.manyColumns("text")) { try texts("text,text\n1,a\n") }
    #expect(throws: CSVHeaderError.empty) { try texts("") }
    #expect(throws: CSVHeaderError.empty) { try texts("\r\n\n") }
    #expect(throws: CSVHeaderError.malformed(line: 1)) { try texts("\"text\nx") }
    #expect(CSVHeaderError.noColumn("text", of: ["id", "review"]).description.hasSuffix("its columns are 'id', 'review'"))
  }

  @Test func aWrongRowCostsItselfOnly() throws {
    #expect(try texts("id,text\n1\n2,b\n3,c,d\n4,d\n") == ["@2 !ragged-row", "@3 b", "@4 !ragged-row", "@5 d"])
    #expect(try texts("id,text\n1,\"a\"x\n2,\"b\"\r\r\n3,c\n") == ["@2 !malformed-row", "@3 !malformed-row", "@4 c"])
    #expect(try texts("id,text\n1,a\n2,\"never\nclosed") == ["@2 a", "@3 !malformed-row"])
  }

  @Test func oneColumn() throws {
    #expect(try texts("text\na\n\n\"\"\n\"b\"\r\n") == ["@2 a", "@4 !blank", "@5 b"])
    #expect(try texts("text\n\"\"") == ["@2 !blank"])
  }

  @Test(arguments: [1, 1000]) func longRowsAreBounded(chunk: Int) throws {
    let long = String(repeating: "x", count: 100)
    #expect(
      try texts("id,text\n1,\(long)\n2,\"\(long)\n\"\n3,c\n", chunk: chunk, maximumBytes: 50)
        == ["@2 !too-large", "@3 !too-large", "@5 c"])
  }

  /// Whatever the fields hold, they come back once written by the rules.
  @Test(arguments: [51, 52]) func randomFieldsComeBack(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let alphabet: [String] = ["a", ",", "\"", "\n", "\r\n", "\r", " ", "é"]
    var rows: [[String]] = []
    var csv = ""
    for _ in 0..<300 {
      let fields = (0..<3).map { _ in
        (0..<Int.random(in: 0..<6, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "" }.joined()
      }
      rows.append(fields)
      csv += fields.map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }.joined(separator: ",")
      csv += Bool.random(using: &random) ? "\n" : "\r\n"
    }
    var reader = CSVReader(pieces([UInt8](csv.utf8), of: 13), maximumBytes: 1000)
    for fields in rows {
      let row = try reader.next()
      #expect(row?.fields.map { Array($0) } == fields.map { Array($0.utf8) })
      #expect(row?.fault == nil)
    }
    #expect(try reader.next() == nil)
  }
}
