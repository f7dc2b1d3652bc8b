import CCurl
import Foundation

/// How long a transfer may stand still.
public struct TransferPatience: Sendable {
  /// Seconds for a connection, its TLS included.
  public var connectSeconds = 20
  /// A transfer slower than this many bytes per second…
  public var slowBytesPerSecond = 256
  /// …for so many seconds is given up, and tried again.
  public var slowSeconds = 30

  public init() {}
}

/// Status and headers of a response.
struct ResponseHead: Sendable {
  var status = 0
  /// Names in lower case; of repeated headers the last.
  var headers: [String: String] = [:]

  subscript(name: String) -> String? { headers[name] }
  var contentLength: Int? { headers["content-length"].flatMap { Int($0) } }
}

/// One request over libcurl, on the calling thread. Follows no redirect: who asks decides where a token may go.
///
/// Proxies are those of libcurl's environment (`https_proxy`, `no_proxy`); certificate authorities those of the system, or of the
/// file that `CURL_CA_BUNDLE` or `SSL_CERT_FILE` names.
struct WebTransfer {
  var patience: TransferPatience
  var userAgent: String
  var certificateFile: String?

  struct Ending {
    var head: ResponseHead
    /// Where a redirect leads, made absolute.
    var redirect: String?
    /// What libcurl says if the transfer broke off; nil if it ended well or was ended by the receiver.
    var failure: String?
    /// The failure is about this machine's certificates or addresses, so that trying again cannot help.
    var isFinal = false
  }

  /// libcurl's own preparation, once and before anything else uses it.
  private static let isReady = ccurl_global_init() == CURLE_OK

  init(patience: TransferPatience, userAgent: String, environment: [String: String]) {
    self.patience = patience
    self.userAgent = userAgent
    certificateFile = [environment["CURL_CA_BUNDLE"], environment["SSL_CERT_FILE"]].lazy.compactMap(\.self).first { !$0.isEmpty }
  }

  /// - Parameters:
  ///   - headers: whole lines, `Name: value`.
  ///   - receive: takes the body in pieces, valid during the call; false ends the transfer.
  func get(
    _ address: WebAddress, headers: [String], receive: (ResponseHead, UnsafeRawBufferPointer) -> Bool
  ) throws(HubError) -> Ending {
    guard Self.isReady, let handle = curl_easy_init() else { throw HubError(.unreachable, "libcurl cannot start") }
    defer { curl_easy_cleanup(handle) }
    var list: UnsafeMutablePointer<curl_slist>?
    defer { curl_slist_free_all(list) }
    for header in headers {
      guard let longer = curl_slist_append(list, header) else { throw HubError(.unreachable, "libcurl is out of memory") }
      list = longer
    }
    let ending = withoutActuallyEscaping(receive) { receive in
      let exchange = Exchange(receive: receive)
      let failure = withExtendedLifetime(exchange) { perform(handle, address, list, exchange) }
      return end(handle, exchange, failure)
    }
    return ending
  }

  private func perform(
    _ handle: UnsafeMutableRawPointer?, _ address: WebAddress, _ headers: UnsafeMutablePointer<curl_slist>?, _ exchange: Exchange
  ) -> CURLcode {
    let numbers: [(CURLoption, Int)] = [
      (CURLOPT_NOSIGNAL, 1), (CURLOPT_FOLLOWLOCATION, 0), (CURLOPT_SUPPRESS_CONNECT_HEADERS, 1),
      (CURLOPT_CONNECTTIMEOUT, patience.connectSeconds), (CURLOPT_LOW_SPEED_LIMIT, patience.slowBytesPerSecond),
      (CURLOPT_LOW_SPEED_TIME, patience.slowSeconds),
    ]
    var code = ccurl_allow_http_only(handle)
    for (option, value) in numbers where code == CURLE_OK { code = ccurl_set_long(handle, option, value) }
    var texts: [(CURLoption, String)] = [(CURLOPT_URL, address.text), (CURLOPT_USERAGENT, userAgent)]
    if let certificateFile { texts.append((CURLOPT_CAINFO, certificateFile)) }
    for (option, value) in texts where code == CURLE_OK { code = ccurl_set_string(handle, option, value) }
    if code == CURLE_OK { code = ccurl_set_list(handle, CURLOPT_HTTPHEADER, headers) }
    if code == CURLE_OK {
      code = ccurl_set_receivers(handle, receiveHeader, receiveBody, Unmanaged.passUnretained(exchange).toOpaque())
    }
    return code == CURLE_OK ? curl_easy_perform(handle) : code
  }

  private func end(_ handle: UnsafeMutableRawPointer?, _ exchange: Exchange, _ code: CURLcode) -> Ending {
    var ending = Ending(head: exchange.head)
    if (300..<400).contains(ending.head.status), let location = ending.head["location"] {
      ending.redirect = Self.absolute(location, from: handle)
    }
    if code != CURLE_OK, !exchange.isEndedHere {
      ending.failure = String(cString: curl_easy_strerror(code))
      ending.isFinal = [
        CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT,
      ].contains(code)
    }
    return ending
  }

  /// `location` as seen from the address of a transfer, by libcurl's rules.
  private static func absolute(_ location: String, from handle: UnsafeMutableRawPointer?) -> String? {
    var base: UnsafeMutablePointer<CChar>?
    guard ccurl_effective_url(handle, &base) == CURLE_OK, let base, let url = curl_url() else { return nil }
    defer { curl_url_cleanup(url) }
    var text: UnsafeMutablePointer<CChar>?
    guard curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK, curl_url_set(url, CURLUPART_URL, location, 0) == CURLUE_OK,
      curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK, let text
    else { return nil }
    defer { curl_free(text) }
    return String(cString: text)
  }
}

/// What a transfer's callbacks write to. Lives as long as `curl_easy_perform` runs, and is touched by its thread only.
private final class Exchange {
  var head = ResponseHead()
  private(set) var isEndedHere = false
  private let receive: (ResponseHead, UnsafeRawBufferPointer) -> Bool
  private var headerBytes = 0

  init(receive: @escaping (ResponseHead, UnsafeRawBufferPointer) -> Bool) { self.receive = receive }

  func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
    headerBytes += bytes.count
    guard headerBytes <= 256 << 10 else { return false }
    let line = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    if line.hasPrefix("HTTP/") {
      // A new response, such as after "100 Continue".
      head = ResponseHead(status: line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0)
    } else if let colon = line.firstIndex(of: ":") {
      head.headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    return true
  }

  func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if !isEndedHere, receive(head, bytes) { return true }
    isEndedHere = true
    return false
  }
}

private func receiveHeader(_ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?)
  -> Int
{
  guard let context, let bytes else { return 0 }
  let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
  return exchange.takeHeader(UnsafeRawBufferPointer(start: bytes, count: size &* count)) ? size &* count : 0
}

private func receiveBody(_ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?)
  -> Int
{
  guard let context, let bytes, size &* count > 0 else { return 0 }
  let exchange = Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
  return exchange.takeBody(UnsafeRawBufferPointer(start: bytes, count: size &* count)) ? size &* count : 0
}
