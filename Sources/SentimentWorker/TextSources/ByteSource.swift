import Foundation
import Glibc
import Telemetry

/// Bytes that come piece by piece: a file, standard input, or a closure in tests.
struct ByteSource {
  /// How much is asked for at once.
  static let chunkBytes = 64 << 10

  /// Gives at least one byte and at most `maxBytes`; nil at the end.
  let read: (_ maxBytes: Int) throws -> [UInt8]?

  init(read: @escaping (_ maxBytes: Int) throws -> [UInt8]?) { self.read = read }

  /// The file at `path`.
  /// - Throws: ``ByteSourceError`` where it cannot be opened, and later where it cannot be read.
  static func file(_ path: String) throws -> ByteSource {
    let handle: FileHandle
    do {
      handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    } catch {
      throw ByteSourceError(name: path, underlying: error)
    }
    return ByteSource { maxBytes in
      do {
        guard let data = try handle.read(upToCount: maxBytes), !data.isEmpty else { return nil }
        return [UInt8](data)
      } catch {
        throw ByteSourceError(name: path, underlying: error)
      }
    }
  }

  /// Standard input, line by line as it comes: a piece ends with a line, so that a pipe's writer sees its line answered before it
  /// sends the next. (`FileHandle` waits until all that was asked for is there.) For one thread.
  static var standardInput: ByteSource {
    ByteSource { maxBytes in
      var bytes: [UInt8] = []
      errno = 0
      while bytes.count < maxBytes {
        let character = getchar_unlocked()
        guard let byte = UInt8(exactly: character) else {
          if errno == EINTR {
            errno = 0
            continue
          }
          if errno != 0 && bytes.isEmpty { throw ByteSourceError(name: "standard input", code: errno) }
          break
        }
        bytes.append(byte)
        if byte == UInt8(ascii: "\n") { break }
      }
      return bytes.isEmpty ? nil : bytes
    }
  }
}

/// Bytes that cannot be had; says which and why.
struct ByteSourceError: Error, CustomStringConvertible {
  let description: String

  init(name: String, code: Int32) { description = "cannot read \(name): \(SystemError.text(code))" }

  init(name: String, underlying: any Error) { self.init(name: name, code: SystemError.code(of: underlying)) }
}
