internal import CMicroHTTPD
import Glibc

/// A small HTTP server for metrics and probes: GET and HEAD of fixed paths, on one thread of GNU libmicrohttpd's own.
///
/// A path that is not there is a 404, another method a 405; a connection that is silent for 5 s is closed, and more than 32 at
/// once are not taken. Routes are called on that one thread and should answer in milliseconds.
///
/// `@unchecked Sendable`: everything is set by `init` only; `context` outlives the daemon, which `isOpen` lets one caller stop.
public final class HTTPListener: @unchecked Sendable {
  public typealias Route = @Sendable () -> HTTPResponse

  private static let connectionLimit: UInt32 = 32
  private static let timeoutSeconds: UInt32 = 5

  /// Where it listens, with the port that it got.
  public let address: HTTPAddress
  private let context: Routes
  private let isOpen = Locked(true)
  private let daemon: OpaquePointer

  /// Begins to listen.
  /// - Parameter routes: by path, such as `/metrics`.
  public init(_ address: HTTPAddress, routes: [String: Route]) throws(HTTPListenerError) {
    let (descriptor, port) = try ListeningSocket.open(address)
    context = Routes(routes)
    self.address = HTTPAddress(host: address.host, port: port)
    guard
      let daemon = cmicrohttpd_start(
        descriptor, Self.connectionLimit, Self.timeoutSeconds, answer, Unmanaged.passUnretained(context).toOpaque())
    else { throw HTTPListenerError(address: address, reason: "libmicrohttpd gives no server") }
    self.daemon = daemon
  }

  deinit { close() }

  /// Stops listening and waits for the answer under way. Further calls do nothing.
  public func close() {
    let wasOpen = isOpen.withLock { isOpen in
      defer { isOpen = false }
      return isOpen
    }
    if wasOpen { MHD_stop_daemon(daemon) }
  }
}

private final class Routes: Sendable {
  private let routes: [String: HTTPListener.Route]

  init(_ routes: [String: HTTPListener.Route]) { self.routes = routes }

  func response(method: String, path: String) -> HTTPResponse {
    guard let route = routes[path] else {
      return .text("not found; there are \(routes.keys.sorted().joined(separator: ", "))\n", status: 404)
    }
    guard method == "GET" || method == "HEAD" else { return .text("only GET and HEAD\n", status: 405) }
    return route()
  }
}

/// libmicrohttpd calls this once when a request's head is there, where only a refusal may be answered, and again when all of
/// the request is. `perRequest` tells the two apart: it is null the first time.
private let answer: MHD_AccessHandlerCallback = { context, connection, url, method, _, _, uploaded, perRequest in
  guard let context, let connection, let url, let method, let perRequest else { return cmicrohttpd_no() }
  let methodName = String(cString: method)
  let isRead = methodName == "GET" || methodName == "HEAD"
  if isRead, perRequest.pointee == nil {
    perRequest.pointee = context
    return cmicrohttpd_yes()
  }
  if isRead, let uploaded, uploaded.pointee > 0 {
    // A body means nothing here.
    uploaded.pointee = 0
    return cmicrohttpd_yes()
  }
  let routes = Unmanaged<Routes>.fromOpaque(context).takeUnretainedValue()
  return send(routes.response(method: methodName, path: String(cString: url)), on: connection)
}

private func send(_ response: HTTPResponse, on connection: OpaquePointer) -> MHD_Result {
  let made = response.body.withUnsafeBytes { cmicrohttpd_response($0.count, $0.baseAddress) }
  guard let made else { return cmicrohttpd_no() }
  // The connection holds it as long as it needs it.
  defer { MHD_destroy_response(made) }
  MHD_add_response_header(made, "Content-Type", response.contentType)
  MHD_add_response_header(made, "Cache-Control", "no-store")
  if response.status == 405 { MHD_add_response_header(made, "Allow", "GET, HEAD") }
  return MHD_queue_response(connection, UInt32(clamping: response.status), made)
}
