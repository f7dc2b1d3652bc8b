/// Where models come from.
public struct Hub: Sendable {
  let address: WebAddress
  /// The address without a slash at its end.
  let base: String
  let token: String?

  /// - Parameters:
  ///   - address: such as `https://huggingface.co` or a mirror's, a path included if it has one.
  ///   - token: for private and gated repositories; sent to this server only, and never over plain HTTP to another machine.
  /// - Throws: `HubError` of kind `.usage`.
  public init(address: String, token: String? = nil) throws(HubError) {
    var base = address
    while base.hasSuffix("/") { base.removeLast() }
    guard let parsed = WebAddress(base), !base.contains("?"), !base.contains("#") else {
      throw HubError(.usage, "the hub's address must be like https://huggingface.co, without a user name in it")
    }
    self.address = parsed
    self.base = base
    guard let token, !token.isEmpty else {
      self.token = nil
      return
    }
    guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw HubError(.usage, "the hub's token holds blanks or characters that no token has")
    }
    self.token = token
  }

  /// What makes the way to this hub less safe than it should be, a sentence; nil if nothing does.
  public var warning: String? {
    guard !address.isEncrypted, !address.isThisMachine else { return nil }
    return "\(base) is plain HTTP: whoever is on the way can change what is fetched, hashes included"
      + (token == nil ? "" : "; the token is not sent")
  }

  /// Whether the token may go to an address.
  func trusts(_ other: WebAddress) -> Bool {
    other.isSameServer(as: address) && (other.isEncrypted || other.isThisMachine)
  }
}

/// Asks a hub, along redirects.
struct HubClient {
  let hub: Hub
  let transfer: WebTransfer

  private static let redirectLimit = 8
  private static let redirects: Set<Int> = [301, 302, 303, 307, 308]
  /// Bytes of a body that nobody wants, such as that of a redirect.
  private static let unwantedLimit = 1 << 20

  /// - Parameters:
  ///   - path: below the hub's address, percent-encoded.
  ///   - receive: takes the body of an answer that is no redirect; false ends the transfer.
  /// - Throws: `HubError` of kind `.damaged` for redirects that lead nowhere or from HTTPS to HTTP.
  func get(
    _ path: String, headers: [String] = [], receive: (ResponseHead, UnsafeRawBufferPointer) -> Bool
  ) throws(HubError) -> WebTransfer.Ending {
    guard var address = WebAddress(hub.base + path) else { throw HubError(.usage, "\(shown(path)) is no address") }
    for _ in 0...Self.redirectLimit {
      var lines = headers
      // Decided anew at each step, so that a redirect to a storage server takes no token along.
      if let token = hub.token, hub.trusts(address) { lines.append("Authorization: Bearer \(token)") }
      var unwanted = 0
      let ending = try transfer.get(address, headers: lines) { head, bytes in
        guard Self.redirects.contains(head.status) else { return receive(head, bytes) }
        unwanted += bytes.count
        return unwanted <= Self.unwantedLimit
      }
      guard Self.redirects.contains(ending.head.status), ending.failure == nil else { return ending }
      guard let text = ending.redirect, let next = WebAddress(text) else {
        throw HubError(.damaged, "\(address.host) redirects to no HTTP or HTTPS address")
      }
      guard next.isEncrypted || !address.isEncrypted else {
        throw HubError(.damaged, "\(address.host) redirects from HTTPS to plain HTTP at \(next.host), which is refused")
      }
      address = next
    }
    throw HubError(.damaged, "\(hub.address.host) redirects more than \(Self.redirectLimit) times")
  }
}
