import Foundation
import Glibc
import Telemetry
import Testing

struct LineOutputTests {
  private func pipe() -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    #expect(Glibc.pipe(&ends) == 0)
    return (ends[0], ends[1])
  }

  private func readAll(_ descriptor: Int32) throws -> String {
    let data = try FileHandle(fileDescriptor: descriptor, closeOnDealloc: true).readToEnd() ?? Data()
    return String(decoding: data, as: UTF8.self)
  }

  @Test func aBrokenPipeCostsTheLineOnly() {
    // As a program finds it, whatever runs the tests.
    signal(SIGPIPE, SIG_DFL)
    let (read, write) = pipe()
    close(read)
    let output = LineOutput(descriptor: write)
    for _ in 0..<100 { output.write([UInt8]("lost\n".utf8)) }
    close(write)
  }

  @Test func aFullDiskCostsTheLineOnly() {
    let full = open("/dev/full", O_WRONLY)
    LineOutput(descriptor: full).write([UInt8]("lost\n".utf8))
    close(full)
    LineOutput(descriptor: -1).write([UInt8]("no such descriptor\n".utf8))
  }

  @Test func aReaderThatNeverReadsDoesNotStopAWriterThatDoesNotBlock() throws {
    let (read, write) = pipe()
    #expect(fcntl(write, F_SETFL, O_NONBLOCK) == 0)
    let output = LineOutput(descriptor: write)
    let long = [UInt8](repeating: UInt8(ascii: "x"), count: 100_000) + [UInt8(ascii: "\n")]
    output.write(long)
    // The pipe is emptied; what comes next is on a line of its own.
    var buffer = [UInt8](repeating: 0, count: 200_000)
    let count = Glibc.read(read, &buffer, buffer.count)
    #expect(count > 0 && count < long.count)
    output.write([UInt8]("next\n".utf8))
    close(write)
    #expect(try readAll(read).hasSuffix("\nnext\n"))
  }

  @Test func linesOfManyThreadsDoNotMix() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("lines-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: path) }
    let descriptor = open(path.path, O_WRONLY | O_CREAT, 0o600)
    let log = Logger(sink: JSONLogSink(LineOutput(descriptor: descriptor)))
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      for number in 0..<200 { log.info("line", ["thread": .integer(thread), "number": .integer(number)]) }
    }
    close(descriptor)
    let lines = try String(contentsOf: path, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 800)
    #expect(try lines.allSatisfy { try JSONSerialization.jsonObject(with: Data($0.utf8)) is [String: Any] })
  }
}
