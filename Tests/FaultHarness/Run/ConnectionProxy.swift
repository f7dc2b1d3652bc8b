import Foundation
import Telemetry

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Stands between workers and broker on this machine, and cuts or slows their connections.
///
/// Clients connect to the addresses that a broker advertises. So the broker needs a listener whose advertised address is this
/// proxy's; workers use that one as bootstrap address, and every connection of theirs goes through here.
///
/// Threads: one accepts; two a connection each copy one direction.
final class ConnectionProxy: Sendable {
  private struct State {
    var isClosed = false
    var isRefusing = false
    var delay = Duration.zero
    /// Sockets to shut down by ``cut()``; each pair is closed by the threads that use it.
    var open: Set<Int32> = []
  }

  private let listener: Int32
  private let target: UInt16
  private let state = Locked(State())
  private let waits = StopFlag()

  /// - Parameters:
  ///   - port: of 127.0.0.1, to listen on.
  ///   - target: the broker's port of 127.0.0.1.
  /// - Throws: `HarnessError` if the port cannot be listened on.
  init(port: UInt16, target: UInt16) throws {
    self.target = target
    listener = Self.makeSocket()
    var yes: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    guard listener >= 0, Self.withLoopback(port, { bind(listener, $0, $1) }) == 0, listen(listener, 128) == 0 else {
      throw HarnessError("cannot listen on 127.0.0.1:\(port): \(String(cString: strerror(errno)))")
    }
    Thread.detachNewThread { [self] in serve() }
  }

  /// Ends every connection that there is.
  func cut() {
    state.withLock { state in for socket in state.open { _ = shutdown(socket, Int32(SHUT_RDWR)) } }
  }

  /// New connections end as soon as they are there.
  func refuse(_ isRefusing: Bool) { state.withLock { $0.isRefusing = isRefusing } }

  /// Every piece of up to 64 KiB comes this much later, in both directions.
  func slow(by delay: Duration) { state.withLock { $0.delay = delay } }

  /// Ends every connection and listens no more.
  func end() {
    let isFirst = state.withLock { state in
      defer { state.isClosed = true }
      return !state.isClosed
    }
    guard isFirst else { return }
    waits.raise()
    cut()
    // Ends the accepting thread, which closes the socket.
    _ = shutdown(listener, Int32(SHUT_RDWR))
  }

  private func serve() {
    defer { _ = close(listener) }
    while true {
      let client = accept(listener, nil, nil)
      if client < 0, errno == EINTR || errno == ECONNABORTED { continue }
      guard client >= 0 else { return }
      relay(client)
    }
  }

  private func relay(_ client: Int32) {
    let server = Self.makeSocket()
    guard server >= 0, !state.withLock({ $0.isRefusing || $0.isClosed }),
      Self.withLoopback(target, { connect(server, $0, $1) }) == 0,
      state.withLock({ state in
        if state.isClosed || state.isRefusing { return false }
        state.open.formUnion([client, server])
        return true
      })
    else {
      if server >= 0 { _ = close(server) }
      _ = close(client)
      return
    }
    var yes: Int32 = 1
    for socket in [client, server] {
      setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }
    let pair = Pair(sockets: [client, server]) { [state] in state.withLock { $0.open.subtract([client, server]) } }
    Thread.detachNewThread { [self] in copy(from: client, to: server, pair) }
    Thread.detachNewThread { [self] in copy(from: server, to: client, pair) }
  }

  /// Closes both sockets when neither direction needs them any more.
  private final class Pair: Sendable {
    let sockets: [Int32]
    private let ended: @Sendable () -> Void

    init(sockets: [Int32], ended: @escaping @Sendable () -> Void) {
      self.sockets = sockets
      self.ended = ended
    }

    deinit {
      ended()  // before the numbers can be given to other files
      for socket in sockets { _ = close(socket) }
    }
  }

  private func copy(from source: Int32, to target: Int32, _ pair: Pair) {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    copying: while true {
      let count = recv(source, &buffer, buffer.count, 0)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { break }
      let delay = state.withLock { $0.delay }
      if delay > .zero { waits.wait(delay) }
      var sent = 0
      while sent < count {
        let written = buffer.withUnsafeBytes {
          send(target, $0.baseAddress?.advanced(by: sent), count - sent, Int32(MSG_NOSIGNAL))
        }
        if written < 0, errno == EINTR { continue }
        if written <= 0 { break copying }
        sent += written
      }
    }
    // One side is gone: the other direction is of no use to anyone.
    for socket in pair.sockets { _ = shutdown(socket, Int32(SHUT_RDWR)) }
  }

  private static func makeSocket() -> Int32 {
    socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
  }

  private static func withLoopback(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
  }
}
