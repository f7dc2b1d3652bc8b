import Testing

@testable import SentimentWorker

@Suite struct ArgumentBytesTests {
  @Test func whatIsNotUTF8IsGivenAsItWas() {
    let bad: [UInt8] = [0x63, 0x61, 0x66, 0xE9]
    let commandLine = Array("worker\0classify\0".utf8) + bad + [0] + Array("café\0\u{FFFD}\0".utf8)
    let arguments = [String(decoding: bad, as: UTF8.self), "café", "\u{FFFD}"]
    #expect(
      ArgumentBytes.bytes(of: arguments, commandLine: commandLine) == [bad, Array("café".utf8), Array("\u{FFFD}".utf8)])
  }
}
