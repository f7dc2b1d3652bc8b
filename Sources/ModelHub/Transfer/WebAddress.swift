import CCurl

/// An HTTP or HTTPS address, taken apart by libcurl's own parser, so that nothing here reads it otherwise than the transfer does.
struct WebAddress: Sendable, Equatable {
  let text: String
  let scheme: String
  let host: String
  let port: String

  /// Nil for anything but an address of HTTP or HTTPS without a user name in it: that would be shown in messages.
  init?(_ text: String) {
    guard let handle = curl_url() else { return nil }
    defer { curl_url_cleanup(handle) }
    guard !text.contains("\0"), curl_url_set(handle, CURLUPART_URL, text, 0) == CURLUE_OK else { return nil }
    func part(_ part: CURLUPart) -> String? {
      var value: UnsafeMutablePointer<CChar>?
      guard curl_url_get(handle, part, &value, UInt32(CURLU_DEFAULT_PORT)) == CURLUE_OK, let value else { return nil }
      defer { curl_free(value) }
      return String(cString: value)
    }
    guard let scheme = part(CURLUPART_SCHEME)?.lowercased(), scheme == "https" || scheme == "http",
      let host = part(CURLUPART_HOST)?.lowercased(), !host.isEmpty, let port = part(CURLUPART_PORT),
      part(CURLUPART_USER) == nil, part(CURLUPART_PASSWORD) == nil
    else { return nil }
    self.text = text
    self.scheme = scheme
    self.host = host
    self.port = port
  }

  var isEncrypted: Bool { scheme == "https" }

  /// Whether the host is this machine by any of its usual names.
  var isThisMachine: Bool {
    host == "localhost" || host == "[::1]" || host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }
  }

  /// Whether two addresses are the same server: scheme, host and port.
  func isSameServer(as other: WebAddress) -> Bool { scheme == other.scheme && host == other.host && port == other.port }
}

/// A path component or query value with everything but letters, digits, `-`, `.`, `_` and `~` written as `%XX` (RFC 3986).
func percentEncoded(_ text: String) -> String {
  let digits = Array("0123456789ABCDEF")
  return text.utf8.map { byte in
    switch UInt8(byte) {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
      return String(UnicodeScalar(byte))
    default: return "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
    }
  }.joined()
}
