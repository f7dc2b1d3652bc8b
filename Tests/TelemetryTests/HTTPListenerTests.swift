import Foundation
import Telemetry
import TestSupport
import Testing

struct HTTPListenerTests {
  private func exchange(_ text: String, _ listener: HTTPListener) throws -> String {
    try LocalHTTP.exchange(text, port: listener.address.port)
  }

  private func request(_ method: String, _ path: String, body: String = "", _ listener: HTTPListener) throws -> String {
    try LocalHTTP.request(method, path, body: body, port: listener.address.port)
  }

  private func listener() throws -> HTTPListener {
    try HTTPListener(
      HTTPAddress(host: "127.0.0.1", port: 0),
      routes: ["/a": { .text("hello\n") }, "/bad": { .json(Array("{}".utf8), status: 503) }])
  }

  @Test("GET, HEAD, an unknown path, another method")
  func answers() throws {
    let listener = try listener()
    defer { listener.close() }
    #expect(listener.address.port != 0)
    let get = try request("GET", "/a?x=1", listener)
    #expect(get.hasPrefix("HTTP/1.1 200 ") && get.contains("text/plain") && get.hasSuffix("\r\n\r\nhello\n"))
    let head = try request("HEAD", "/a", listener)
    #expect(head.hasPrefix("HTTP/1.1 200 ") && head.contains("Content-Length: 6") && head.hasSuffix("\r\n\r\n"))
    let bad = try request("GET", "/bad", listener)
    #expect(bad.hasPrefix("HTTP/1.1 503 ") && bad.contains("application/json"))
    let unknown = try request("GET", "/b", listener)
    #expect(unknown.hasPrefix("HTTP/1.1 404 ") && unknown.contains("/a, /bad"))
    for method in ["POST", "DELETE", "OPTIONS"] {
      let refused = try request(method, "/a", body: "what", listener)
      #expect(refused.hasPrefix("HTTP/1.1 405 ") && refused.contains("Allow: GET, HEAD"))
    }
    #expect(try exchange("nonsense\r\n\r\n", listener).contains(" 200 ") == false)
  }

  @Test("a silent connection is closed, and others are served meanwhile")
  func silence() throws {
    let listener = try listener()
    defer { listener.close() }
    let start = ContinuousClock.now
    let silent = Thread { _ = try? self.exchange("GET /a HTTP/1.1\r\n", listener) }
    silent.start()
    #expect(try request("GET", "/a", listener).contains("hello"))
    #expect(ContinuousClock.now - start < .seconds(5))
    #expect(try !exchange("GET /a HTTP/1.1\r\n", listener).contains("hello"))
  }

  @Test("a port that is taken, and a host that is not there")
  func refused() throws {
    let first = try listener()
    defer { first.close() }
    let taken = #expect(throws: HTTPListenerError.self) { try HTTPListener(first.address, routes: [:]) }
    #expect(taken?.description == "cannot listen on \(first.address): Address already in use")
    #expect(throws: HTTPListenerError.self) { try HTTPListener(HTTPAddress(host: "192.0.2.1", port: 0), routes: [:]) }
  }

  @Test("a closed listener's port is free at once; closing twice is once")
  func closing() throws {
    let first = try listener()
    _ = try request("GET", "/a", first)
    first.close()
    first.close()
    let second = try HTTPListener(first.address, routes: ["/a": { .text("again") }])
    defer { second.close() }
    #expect(try request("GET", "/a", second).hasSuffix("again"))
  }

  @Test(
    "addresses",
    arguments: [
      ("127.0.0.1:80", HTTPAddress(host: "127.0.0.1", port: 80)), ("[::1]:0", HTTPAddress(host: "::1", port: 0)),
      ("localhost:65535", HTTPAddress(host: "localhost", port: 65535)), ("localhost:65536", nil), (":80", nil), ("80", nil),
      ("::1:80", nil), ("a b:80", nil), ("", nil),
    ])
  func addresses(text: String, address: HTTPAddress?) {
    #expect(HTTPAddress(text) == address)
    if let address { #expect(address.description == text) }
  }
}
