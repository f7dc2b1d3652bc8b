internal import Foundation
import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

// `close` and `connect` are methods here; these are the C functions.
private let closeSocket = close
private let connectSocket = connect

/// Listens on a chosen port of 127.0.0.1 and passes bytes to and from another port there.
///
/// Gives the mock cluster a bootstrap address of one's own choice. Kafka's clients ask there for the brokers' addresses and
/// then connect to those directly, so little goes through here.
///
/// Threads: one accepts; two a connection each copy one direction, so that a client that stops reading holds up itself only.
final class PortRelay: Sendable {
  /// The port listened on.
  let port: UInt16
  private let listener: Listener
  private let sockets = Mutex<Sockets>(Sockets())

  /// Closed when neither the relay nor the accepting thread uses it any more, so that its number cannot mean another file.
  private final class Listener: Sendable {
    let descriptor: Int32
    init(descriptor: Int32) { self.descriptor = descriptor }
    deinit { if descriptor >= 0 { _ = closeSocket(descriptor) } }
  }

  /// Which sockets `close` has to shut down. Each is closed by the threads that use it.
  private struct Sockets {
    var isClosed = false
    var open: Set<Int32> = []
  }

  /// - Parameter port: 0 for any free one.
  init(port: UInt16, to target: UInt16) throws(KafkaError) {
    let listener = Listener(descriptor: socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0))
    let descriptor = listener.descriptor
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    guard descriptor >= 0, Self.withLoopback(port, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 64) == 0,
      let bound = Self.localPort(of: descriptor)
    else {
      let reason = String(cString: strerror(errno))
      throw .invalidArgument("Cannot listen on port \(port) of 127.0.0.1: \(reason). Choose another port.")
    }
    self.listener = listener
    self.port = bound
    Thread { [weak self] in
      while true {
        let client = accept(listener.descriptor, nil, nil)
        if client < 0, errno == EINTR || errno == ECONNABORTED { continue }
        guard client >= 0, let self else { break }
        self.connect(client, to: target)
      }
    }.start()
  }

  /// Ends all connections and stops listening.
  func close() {
    sockets.withLock { sockets in
      if sockets.isClosed { return }
      sockets.isClosed = true
      for socket in sockets.open { _ = shutdown(socket, Int32(SHUT_RDWR)) }
      _ = shutdown(listener.descriptor, Int32(SHUT_RDWR))
    }
  }

  deinit { close() }

  private func connect(_ client: Int32, to port: UInt16) {
    let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard server >= 0, Self.withLoopback(port, { connectSocket(server, $0, $1) }) == 0,
      sockets.withLock({ sockets in
        if sockets.isClosed { return false }
        sockets.open.formUnion([client, server])
        return true
      })
    else {
      if server >= 0 { _ = closeSocket(server) }
      _ = closeSocket(client)
      return
    }
    var yes: Int32 = 1
    for socket in [client, server] {
      setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }
    let connection = Connection(client: client, server: server) { [weak self] in
      self?.sockets.withLock { $0.open.subtract([client, server]) }
    }
    Thread { connection.copy(from: client, to: server) }.start()
    Thread { connection.copy(from: server, to: client) }.start()
  }

  /// Closes both sockets when neither direction needs them any more.
  private final class Connection: Sendable {
    private let client: Int32
    private let server: Int32
    private let ended: @Sendable () -> Void

    init(client: Int32, server: Int32, ended: @escaping @Sendable () -> Void) {
      self.client = client
      self.server = server
      self.ended = ended
    }

    deinit {
      ended()  // before the numbers can be given to other files
      _ = closeSocket(client)
      _ = closeSocket(server)
    }

    func copy(from source: Int32, to target: Int32) {
      var buffer = [UInt8](repeating: 0, count: 65_536)
      copying: while true {
        let count = recv(source, &buffer, buffer.count, 0)
        if count < 0, errno == EINTR { continue }
        if count <= 0 { break }
        var sent = 0
        while sent < count {
          let written = buffer.withUnsafeBytes { bytes in
            send(target, bytes.baseAddress?.advanced(by: sent), count - sent, Int32(MSG_NOSIGNAL))
          }
          if written < 0, errno == EINTR { continue }
          if written <= 0 { break copying }
          sent += written
        }
      }
      // One side is gone: the other direction is of no use to anyone.
      for socket in [client, server] { _ = shutdown(socket, Int32(SHUT_RDWR)) }
    }
  }

  private static func withLoopback<Result>(
    _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }

  private static func localPort(of socket: Int32) -> UInt16? {
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
    }
    return code == 0 ? UInt16(bigEndian: address.sin_port) : nil
  }
}
