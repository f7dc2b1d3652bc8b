/// A small page over HTTP or HTTPS, such as a worker's own figures.
public struct WebPage: Sendable {
  public var status: Int
  public var body: [UInt8]

  /// Bytes of the largest page that is taken.
  private static let limit = 1 << 20

  /// Gets a page. Blocks for `seconds` at most to connect, and as long while nothing comes.
  ///
  /// - Parameter environment: proxies and certificate authorities, as libcurl reads them.
  /// - Throws: `HubError` with what libcurl says, or that the address is none.
  public static func get(_ address: String, seconds: Int, environment: [String: String]) throws(HubError) -> WebPage {
    guard let web = WebAddress(address) else { throw HubError(.usage, "\(address) is no HTTP address") }
    var patience = TransferPatience()
    patience.connectSeconds = seconds
    patience.slowBytesPerSecond = 1
    patience.slowSeconds = seconds
    var page = WebPage(status: 0, body: [])
    var isTooLarge = false
    let transfer = WebTransfer(patience: patience, userAgent: "sentiment-worker", environment: environment)
    let ending = try transfer.get(web, headers: []) { _, piece in
      isTooLarge = page.body.count + piece.count > limit
      if !isTooLarge { page.body.append(contentsOf: piece) }
      return !isTooLarge
    }
    if let failure = ending.failure { throw HubError(.unreachable, failure) }
    if isTooLarge { throw HubError(.damaged, "the answer is larger than \(limit) bytes") }
    page.status = ending.head.status
    return page
  }
}
