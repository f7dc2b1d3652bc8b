import Foundation
import Glibc

/// Gets one file into a directory: goes on where an earlier attempt stopped, and keeps nothing that fails its hash.
///
/// The bytes so far are in `NAME.HASH.part`, beside it the server's entity tag. The hash in the name keeps bytes of another
/// version apart, and the tag goes along as `If-Range`, so that a server whose file changed since sends it whole.
struct FileDownload {
  let client: HubClient
  /// Of the file, on the hub.
  let path: String
  let file: RepositoryFile
  let directory: URL
  let environment: FetchEnvironment

  private static let attemptLimit = 6
  /// How often a file may come with a wrong hash before it is believed to be wrong on the hub.
  private static let damageLimit = 2

  private var partURL: URL { directory.appendingPathComponent("\(file.name).\(file.digest.prefix(16)).part") }
  private var tagURL: URL { partURL.appendingPathExtension("etag") }

  /// - Parameters:
  ///   - progress: called with the bytes that are there.
  ///   - retry: called before a wait.
  func run(progress: (Int) -> Void, retry: (_ reason: String, _ wait: Duration) -> Void) throws(HubError) {
    // An empty file has nothing to ask for.
    if file.size == 0 { _ = try LocalFile(appendingTo: partURL.path) }
    var attempts = Attempts(limit: Self.attemptLimit)
    var damaged = 0
    while true {
      let before = partSize
      let outcome = before == file.size ? .done : try attempt(from: before, progress)
      switch outcome {
      case .done:
        if try isSound() { return try keep() }
        damaged += 1
        discard()
        guard damaged < Self.damageLimit else {
          throw HubError(
            .damaged,
            "\(file.name) came whole \(damaged) times, but its hash is not the one that the hub lists: the file on the way or on the hub is damaged"
          )
        }
        retry("\(file.name) came with a wrong hash", .zero)
      case .again(let reason, let asked):
        if partSize > before { attempts.madeProgress() }
        guard let wait = attempts.waitAfterFailure(asked: asked, random: .random(in: 0...1)) else {
          throw HubError(
            .unreachable,
            "\(file.name) could not be fetched: \(reason). What came is kept; the same command goes on from there")
        }
        retry(reason, wait)
        environment.pause(wait)
      }
    }
  }

  /// Bytes of earlier attempts; more than the file can have are thrown away.
  private var partSize: Int {
    guard let size = try? LocalFile(reading: partURL.path).size else { return 0 }
    if size > file.size { discard() }
    return size > file.size ? 0 : size
  }

  private func discard() {
    try? FileManager.default.removeItem(at: partURL)
    try? FileManager.default.removeItem(at: tagURL)
  }

  private func attempt(from start: Int, _ progress: (Int) -> Void) throws(HubError) -> AttemptOutcome {
    var headers = ["Accept: */*"]
    if start > 0 {
      headers.append("Range: bytes=\(start)-")
      if let tag = try? String(contentsOf: tagURL, encoding: .utf8) { headers.append("If-Range: \(tag)") }
    }
    let part = try LocalFile(appendingTo: partURL.path)
    var receiver = PartReceiver(file: file, start: start)
    let ending = try client.get(path, headers: headers) { head, bytes in
      receiver.take(head, bytes, part: part, saveTag: saveTag, progress: progress)
    }
    if let error = receiver.failure { throw error }
    if let reason = receiver.refusal {
      // Nothing of such an answer was written, and what there is may be why.
      discard()
      return .again(reason: reason, retryAfter: nil)
    }
    if ending.isFinal, let failure = ending.failure { throw client.unreachable(failure) }
    if ending.failure == nil || ending.head.status >= 400 {
      if ending.head.status == 416 {
        discard()
        return .again(reason: "\(file.name) on the hub is shorter than what came before", retryAfter: nil)
      }
      let outcome = try ending.head.outcome(of: file.name, hasToken: client.hub.token != nil)
      if case .again = outcome { return outcome }
    }
    if let failure = ending.failure {
      return .again(reason: "\(failure) (\(file.name), \(partSize) of \(file.size) bytes)", retryAfter: nil)
    }
    guard partSize == file.size else {
      return .again(reason: "the answer ended early (\(file.name), \(partSize) of \(file.size) bytes)", retryAfter: nil)
    }
    return .done
  }

  private func saveTag(_ tag: String?) {
    // A weak tag promises no equal bytes, and `If-Range` may not carry one (RFC 9110, 13.1.5).
    guard let tag, tag.hasPrefix("\""), tag.hasSuffix("\""), tag.utf8.count <= 256 else {
      try? FileManager.default.removeItem(at: tagURL)
      return
    }
    try? Data(tag.utf8).write(to: tagURL)
  }

  private func isSound() throws(HubError) -> Bool {
    try file.algorithm.digest(ofFile: partURL.path) == file.digest
  }

  private func keep() throws(HubError) {
    try LocalFile(appendingTo: partURL.path).synchronise()
    let target = directory.appendingPathComponent(file.name).path
    guard rename(partURL.path, target) == 0 else { throw .file("cannot write \(shown(target)): \(systemReason())") }
    try? FileManager.default.removeItem(at: tagURL)
  }
}

/// Takes the body of one answer: decides by status and headers whether it goes on from what is there or starts anew, and lets no
/// byte more in than the file has.
private struct PartReceiver {
  let file: RepositoryFile
  var start: Int
  private(set) var failure: HubError?
  /// Why the answer is none to this request.
  private(set) var refusal: String?
  private var received = 0
  private var isOpen = false

  init(file: RepositoryFile, start: Int) {
    self.file = file
    self.start = start
  }

  mutating func take(
    _ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, part: borrowing LocalFile, saveTag: (String?) -> Void,
    progress: (Int) -> Void
  ) -> Bool {
    // An error's page is read by nobody.
    guard head.status == 200 || head.status == 206 else { return false }
    do throws(HubError) {
      if !isOpen {
        guard try open(head, part: part) else { return false }
        saveTag(head["etag"])
      }
      guard bytes.count <= file.size - start - received else {
        refusal = "\(file.name) is longer than the \(file.size) bytes that the hub lists"
        return false
      }
      try part.write(bytes)
    } catch {
      failure = error
      return false
    }
    received += bytes.count
    progress(start + received)
    return true
  }

  private mutating func open(_ head: ResponseHead, part: borrowing LocalFile) throws(HubError) -> Bool {
    if head.status == 200 {
      // The server knows no ranges, or its file is another one than before: from the start.
      if start > 0 { try part.truncate() }
      start = 0
    } else if !Self.covers(head["content-range"], from: start, of: file.size) {
      refusal = "the answer is another part of \(file.name) than was asked for"
      return false
    }
    if let length = head.contentLength, length != file.size - start {
      refusal = "\(file.name) would be \(start + length) bytes long, but the hub lists \(file.size)"
      return false
    }
    isOpen = true
    return true
  }

  /// Whether `Content-Range` (RFC 9110, 14.4) is from a byte to the file's end.
  private static func covers(_ range: String?, from start: Int, of size: Int) -> Bool {
    guard let range, range.lowercased().hasPrefix("bytes ") else { return false }
    let total = range.split(separator: "/").last
    return range.dropFirst(6).hasPrefix("\(start)-") && (total == "*" || total == "\(size)")
  }
}

extension HubClient {
  func unreachable(_ failure: String) -> HubError {
    HubError(
      .unreachable,
      "\(hub.address.host): \(failure). Check the address of --hub, proxies (https_proxy) and certificates (SSL_CERT_FILE)")
  }
}
