import Foundation

/// A model hub on this machine that serves one repository as Hugging Face's does, and is made to fail by tests.
public final class LocalHub: Sendable {
  public typealias Answer = LocalServer.Answer

  public static let commit = String(repeating: "0123abcd", count: 5)
  public static let repository = "someone/small-model"

  public let server: LocalServer
  private let faults: Faults

  /// - Parameters:
  ///   - listing: what the API answers; a JSON document.
  ///   - files: by name.
  public init(listing: String, files: [String: [UInt8]]) throws {
    let faults = Faults()
    self.faults = faults
    server = try LocalServer { request in
      let sound = Self.sound(request, listing: listing, files: files)
      let name = request.path.components(separatedBy: "?")[0].components(separatedBy: "/").last ?? ""
      return faults.next(request.path.hasPrefix("/api/") ? "listing" : name)?(request, sound) ?? sound
    }
  }

  public var address: String { server.address }

  /// Paths of the requests for a file, or of all.
  public func requests(for file: String) -> [LocalServer.Request] {
    server.requests.filter { $0.path.hasSuffix("/" + file) }
  }

  /// What the next request for a file (or for `listing`) is answered with, made from the right answer. Each is used once, in
  /// the order given.
  public func answer(_ file: String, with fault: @escaping @Sendable (LocalServer.Request, Answer) -> Answer) {
    faults.add(file, fault)
  }

  private static func sound(_ request: LocalServer.Request, listing: String, files: [String: [UInt8]]) -> Answer {
    let path = request.path.components(separatedBy: "?")[0]
    if path == "/api/models/\(repository)/revision/main" {
      return Answer(200, headers: [("Content-Type", "application/json")], body: Array(listing.utf8))
    }
    guard path.hasPrefix("/\(repository)/resolve/\(commit)/"), let name = path.components(separatedBy: "/").last,
      let bytes = files[name]
    else { return Answer(404, body: Array("Not here".utf8)) }
    let tag = "\"tag-of-\(name)\""
    guard let range = request.headers["range"], range.hasPrefix("bytes="), range.hasSuffix("-"),
      let start = Int(range.dropFirst(6).dropLast()), request.headers["if-range"].map({ $0 == tag }) ?? true
    else { return Answer(200, headers: [("ETag", tag)], body: bytes) }
    guard start < bytes.count else { return Answer(416) }
    return Answer(
      206, headers: [("ETag", tag), ("Content-Range", "bytes \(start)-\(bytes.count - 1)/\(bytes.count)")],
      body: Array(bytes[start...]))
  }

  /// Unchecked: guarded by `lock`.
  private final class Faults: @unchecked Sendable {
    typealias Fault = @Sendable (LocalServer.Request, Answer) -> Answer
    private let lock = NSLock()
    private var faults: [String: [Fault]] = [:]

    func add(_ file: String, _ fault: @escaping Fault) { lock.withLock { faults[file, default: []].append(fault) } }

    func next(_ file: String) -> Fault? {
      lock.withLock { faults[file, default: []].isEmpty ? nil : faults[file, default: []].removeFirst() }
    }
  }
}
