import Foundation
import Synchronization

#if canImport(Glibc)
  internal import Glibc
#endif

/// Passes connections to a chosen loopback port on to another one.
///
/// librdkafka's mock brokers listen on free ports of the system's choice. A client needs a known address only to begin with:
/// its first connection comes through here, and the answer names the broker's own port for all others.
///
/// @unchecked Sendable: `listener` is behind a mutex; everything else is immutable.
public final class PortForward: @unchecked Sendable {
  /// The listening socket; nil once closed.
  private let listener: Mutex<Int32?>
  private let target: UInt16

  /// Listens on `127.0.0.1:port`.
  /// - Parameter address: `HOST:PORT` of a broker on this machine, or a comma-separated list of which the first counts.
  /// - Throws: `_INVALID_ARG` if the port cannot be listened on, such as one that is in use.
  public init(port: Int, to address: String) throws(KafkaError) {
    guard let number = UInt16(exactly: port),
      let target = address.split(separator: ",").first?.split(separator: ":").last.flatMap({ UInt16($0) })
    else { throw .invalidArgument("No connection can be passed on from port \(port) to \(address).") }
    self.target = target
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { throw .invalidArgument("No socket: \(String(cString: strerror(errno))).") }
    var yes: Int32 = 1
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    guard Self.withLoopback(number, { bind(socket, $0, $1) }) == 0, listen(socket, 64) == 0 else {
      let reason = String(cString: strerror(errno))
      Glibc.close(socket)
      throw .invalidArgument("Port \(port) of 127.0.0.1 cannot be listened on: \(reason). Choose another one.")
    }
    listener = Mutex(socket)
    Thread.detachNewThread { [target] in Self.accept(on: socket, target) }
  }

  deinit { close() }

  /// Listens no more; connections that are open go on.
  public func close() {
    listener.withLock { socket in
      // Shutting down ends the accept that waits on it.
      if let socket {
        shutdown(socket, Int32(SHUT_RDWR))
        Glibc.close(socket)
      }
      socket = nil
    }
  }

  private static func withLoopback(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }

  private static func accept(on listener: Int32, _ target: UInt16) {
    while true {
      let client = Glibc.accept(listener, nil, nil)
      if client < 0 {
        if errno == EINTR || errno == ECONNABORTED { continue }
        return
      }
      let broker = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      guard broker >= 0, withLoopback(target, { connect(broker, $0, $1) }) == 0 else {
        if broker >= 0 { Glibc.close(broker) }
        Glibc.close(client)
        continue
      }
      // The sockets close when the last of both directions has ended.
      let pair = SocketPair(client, broker)
      Thread.detachNewThread { pair.copy(from: client, to: broker) }
      Thread.detachNewThread { pair.copy(from: broker, to: client) }
    }
  }
}

/// Two connected sockets, closed together when nobody copies between them any more.
private final class SocketPair: Sendable {
  private let sockets: [Int32]
  init(_ first: Int32, _ second: Int32) { sockets = [first, second] }
  deinit { for socket in sockets { close(socket) } }

  func copy(from source: Int32, to destination: Int32) {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = buffer.withUnsafeMutableBytes { recv(source, $0.baseAddress, $0.count, 0) }
      if count < 0, errno == EINTR { continue }
      guard count > 0, send(buffer[..<count], to: destination) else { break }
    }
    for socket in sockets { shutdown(socket, Int32(SHUT_RDWR)) }
  }

  private func send(_ bytes: ArraySlice<UInt8>, to socket: Int32) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      let sent = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if sent < 0, errno == EINTR { continue }
      guard sent > 0 else { return false }
      rest = rest.dropFirst(sent)
    }
    return true
  }
}
