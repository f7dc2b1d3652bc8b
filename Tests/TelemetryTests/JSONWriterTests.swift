import Foundation
import TestSupport
import Testing

@testable import Telemetry

private func written(_ body: (inout JSONWriter) -> Void) -> String {
  var json = JSONWriter()
  body(&json)
  return String(decoding: json.bytes, as: UTF8.self)
}

struct JSONWriterTests {
  @Test func commasGoBetweenMembersAndElementsOnly() {
    let text = written { json in
      json.object {
        $0.key("empty")
        $0.object { _ in }
        $0.key("list")
        $0.array {
          $0.value(1)
          $0.array { _ in }
          $0.value("x")
          $0.null()
        }
        $0.member("flag", true)
        $0.member("raw", 2.5)
        $0.key("ready")
        $0.raw([UInt8]("[1,2]".utf8))
      }
    }
    #expect(text == #"{"empty":{},"list":[1,[],"x",null],"flag":true,"raw":2.5,"ready":[1,2]}"#)
  }

  @Test func integersAreWrittenWhole() {
    #expect(
      written { json in
        json.array {
          $0.value(0)
          $0.value(Int64.min)
          $0.value(UInt64.max)
          $0.value(Int8.min)
          $0.value(UInt8(7))
        }
      } == "[0,-9223372036854775808,18446744073709551615,-128,7]")
  }

  @Test func stringsAreEscaped() {
    #expect(written { $0.value("a\"b\\c\n\r\t\u{8}\u{c}\u{0}\u{1f}\u{7f}é😀/") } == #""a\"b\\c\n\r\t\b\f\u0000\u001f\u007fé😀/""#)
    #expect(written { $0.object { $0.member("k\"\n", 1) } } == #"{"k\"\n":1}"#)
  }

  @Test func bytesThatAreNotUTF8AreReplaced() {
    let bytes: [UInt8] = [0x61, 0xFF, 0x22, 0xC3, 0xA9]
    #expect(written { $0.value(utf8: bytes.span) } == "\"a\u{FFFD}\\\"é\"")
    #expect(written { $0.value(utf8: [UInt8]("é\n".utf8).span) } == #""é\n""#)
  }

  @Test func numbersThatAreNotFiniteAreNull() {
    #expect(
      written { json in
        json.array {
          $0.value(Double.nan)
          $0.value(Double.infinity)
          $0.value(-Float.infinity)
        }
      } == "[null,null,null]")
  }

  @Test func floatsReadBackTheSame() throws {
    var random = SeededRandom(seed: 1)
    var doubles: [Double] = [0, -0.0, 0.1, 1, 1e16, 1e-5, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .pi]
    var floats: [Float] = [0, -0.0, 0.1, 1, 1e9, 1e-7, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 0.98765]
    for _ in 0..<2000 {
      doubles.append(Double(bitPattern: random.next()))
      floats.append(Float(bitPattern: UInt32(truncatingIfNeeded: random.next())))
    }
    for double in doubles where double.isFinite {
      let text = written { $0.value(double) }
      #expect(Double(text)?.bitPattern == double.bitPattern, "\(text)")
      #expect(try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed) is NSNumber, "\(text)")
    }
    for float in floats where float.isFinite {
      let text = written { $0.value(float) }
      #expect(Float(text)?.bitPattern == float.bitPattern, "\(text)")
    }
    // The shortest form of a Float is not that of the Double it widens to.
    #expect(written { $0.value(Float(0.1)) } == "0.1")
  }

  @Test func randomStringsReadBackTheSame() throws {
    var random = SeededRandom(seed: 2)
    for _ in 0..<500 {
      var string = ""
      for _ in 0..<Int.random(in: 0..<40, using: &random) {
        let value = UInt32.random(in: 0..<(Bool.random(using: &random) ? 0x80 : 0x11_0000), using: &random)
        // A leading U+FEFF would be dropped by Foundation, not by the writer.
        if let scalar = Unicode.Scalar(value), scalar != "\u{FEFF}" { string.unicodeScalars.append(scalar) }
      }
      let text = written { json in json.array { $0.value(string) } }
      let read = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String]
      #expect(read?.first.map { Array($0.unicodeScalars) } == Array(string.unicodeScalars))
    }
  }

  @Test func memoryIsKeptWhenTheTextIsForgotten() {
    var json = JSONWriter(reservingCapacity: 1000)
    json.object { $0.member("a", 1) }
    let capacity = json.bytes.capacity
    json.removeAll()
    #expect(json.bytes.isEmpty && json.bytes.capacity == capacity)
    json.value(1)
    #expect(json.bytes == [UInt8(ascii: "1")])
  }
}
