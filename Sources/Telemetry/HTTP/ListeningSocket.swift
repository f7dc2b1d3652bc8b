import Foundation
import Glibc

/// Why nobody can listen at an address.
public struct HTTPListenerError: Error, Sendable, CustomStringConvertible {
  public let address: HTTPAddress
  /// In the system's words.
  public let reason: String

  public var description: String { "cannot listen on \(address): \(reason)" }
}

/// Opens sockets that listen. Done here rather than by libmicrohttpd, which does not tell why it failed.
enum ListeningSocket {
  /// - Returns: the descriptor, which is the caller's, and the port, which differs from the address's where that is 0.
  static func open(_ address: HTTPAddress) throws(HTTPListenerError) -> (descriptor: Int32, port: UInt16) {
    var hints = addrinfo()
    hints.ai_flags = AI_PASSIVE
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(address.host, String(address.port), &hints, &found)
    guard status == 0, let first = found else {
      throw HTTPListenerError(address: address, reason: String(cString: gai_strerror(status)))
    }
    defer { freeaddrinfo(found) }
    let descriptor = socket(
      first.pointee.ai_family, first.pointee.ai_socktype | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    guard descriptor >= 0 else { throw failure(address) }
    var yes: Int32 = 1
    // A worker that starts again at once must not wait for the connections of its predecessor to be forgotten.
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    guard bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0, listen(descriptor, 32) == 0,
      let port = port(of: descriptor)
    else {
      let failure = failure(address)
      close(descriptor)
      throw failure
    }
    return (descriptor, port)
  }

  private static func failure(_ address: HTTPAddress) -> HTTPListenerError {
    HTTPListenerError(address: address, reason: String(cString: strerror(errno)))
  }

  private static func port(of descriptor: Int32) -> UInt16? {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutableBytes(of: &storage) { bytes -> UInt16? in
      guard getsockname(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &size) == 0 else { return nil }
      // IPv4 and IPv6 both have the port after the family, in network order.
      return UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    }
  }
}
