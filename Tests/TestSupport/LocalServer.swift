import Foundation
import Glibc

/// A small HTTP server on this machine whose answers a test gives, wrong ones too. One connection and one request at a time.
public final class LocalServer: Sendable {
  public struct Request: Sendable {
    /// With the query.
    public var path: String
    /// Names in lower case.
    public var headers: [String: String]
  }

  public struct Answer: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// What `Content-Length` says; nil for none: the body then ends with the connection.
    public var length: Int?
    /// The connection is cut after so many bytes of the body.
    public var cutAfter: Int?
    /// The connection then stays open, and silent, until the client closes it.
    public var hangs = false

    public init(_ status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
      self.status = status
      self.headers = headers
      self.body = body
      length = body.count
    }

    public static func redirect(_ location: String, status: Int = 302) -> Answer {
      Answer(status, headers: [("Location", location)], body: Array("elsewhere".utf8))
    }

    fileprivate var wire: [UInt8] {
      var head = "HTTP/1.1 \(status) Reason\r\nConnection: close\r\n"
      for (name, value) in headers { head += "\(name): \(value)\r\n" }
      if let length { head += "Content-Length: \(length)\r\n" }
      return Array((head + "\r\n").utf8) + body.prefix(cutAfter ?? body.count)
    }
  }

  public let port: UInt16
  private let descriptor: Int32
  private let answer: @Sendable (Request) -> Answer
  private let seen = Seen()

  /// - Parameter answer: called on the server's thread.
  public init(answer: @escaping @Sendable (Request) -> Answer) throws {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && listen(descriptor, 16) == 0 && getsockname(descriptor, $0, &size) == 0
      }
    }
    guard descriptor >= 0, status else { throw LocalHTTP.Failure() }
    self.descriptor = descriptor
    port = UInt16(bigEndian: address.sin_port)
    self.answer = answer
    let thread = Thread { [seen] in
      while case let connection = accept(descriptor, nil, nil), connection >= 0 {
        Self.serve(connection, answer: answer, seen: seen)
        close(connection)
      }
      close(descriptor)
    }
    thread.start()
  }

  /// Ends the thread, which closes the socket.
  deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }

  public var address: String { "http://127.0.0.1:\(port)" }
  /// Requests so far, in order.
  public var requests: [Request] { seen.all }

  private static func serve(_ connection: Int32, answer: (Request) -> Answer, seen: Seen) {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      let count = read(connection, &buffer, buffer.count)
      guard count > 0 else { return }
      bytes += buffer[..<count]
    }
    let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    let request = Request(path: lines[0].components(separatedBy: " ")[1], headers: headers)
    seen.add(request)
    let answer = answer(request)
    let wire = answer.wire
    var sent = 0
    while sent < wire.count {
      let count = wire[sent...].withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return }
      sent += count
    }
    while answer.hangs, read(connection, &buffer, buffer.count) > 0 {}
  }

  /// Unchecked: guarded by `lock`.
  private final class Seen: @unchecked Sendable {
    private let lock = NSLock()
    private var requests: [Request] = []
    var all: [Request] { lock.withLock { requests } }
    func add(_ request: Request) { lock.withLock { requests.append(request) } }
  }
}
