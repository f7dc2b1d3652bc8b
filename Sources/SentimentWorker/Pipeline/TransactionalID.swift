import Foundation

/// This process's transactional id: what makes a restarted worker end the transaction that its predecessor left open at once,
/// instead of after its time-out.
///
/// Correctness does not stand on it: offsets of a worker that was taken for dead are refused by the group's generation, whatever
/// its id (KIP-447). Two living workers with one id would shut each other out, though. So the id is made of the group, the host
/// name, and a slot: the first file in a directory that no other process holds locked, with a random token in it that was drawn
/// when the file was made. A restarted process finds a slot that is free, hence the id of one that has ended; two processes
/// never hold one slot; and two hosts, containers or directories never share a token, whatever their host names are.
final class TransactionalID: Sendable {
  let text: String
  /// Held open, and with it the lock, as long as this object lives; nil where there is nothing to lock.
  private let lock: FileHandle?
  /// Why the id does not survive a restart; nil if it does.
  let remark: String?

  private init(text: String, lock: FileHandle?, remark: String? = nil) {
    self.text = text
    self.lock = lock
    self.remark = remark
  }

  private static let slots = 1024

  /// - Parameters:
  ///   - template: the id itself, with `${HOSTNAME}` for the host's name; nil to have one made.
  ///   - directory: where slots are kept; made if it is not there.
  /// - Throws: `WorkerError` of kind `usage` if another process on this host uses the id that was given.
  static func take(
    template: String?, group: String, directory: URL, host: String = ProcessInfo.processInfo.hostName
  ) throws(WorkerError) -> TransactionalID {
    guard let template else { return takeSlot(group: group, host: host, directory: directory) }
    let text = HostTemplate.text(template, host: host)
    guard let file = try? lockFile(named: "id-" + fileName(text), in: directory) else {
      return TransactionalID(text: text, lock: nil)
    }
    guard let file = file.handle else {
      throw WorkerError(
        .usage,
        "delivery.transactional-id: \(text) is in use by another worker on this host; give each worker an id of its own, or leave the choice to the program"
      )
    }
    return TransactionalID(text: text, lock: file)
  }

  private static func takeSlot(group: String, host: String, directory: URL) -> TransactionalID {
    let prefix = "sentiment-worker-\(group)-\(host)-"
    do {
      for number in 0..<slots {
        guard let file = try lockFile(named: "slot-\(fileName(group))-\(number)", in: directory).handle else { continue }
        return TransactionalID(text: prefix + (try token(in: file)), lock: file)
      }
    } catch {
      return TransactionalID(
        text: prefix + newToken(), lock: nil,
        remark:
          "no transactional id can be kept in \(directory.path) (\(error.localizedDescription)): after a crash, what this worker left open is ended only after kafka.transaction.timeout.ms. Set delivery.state-directory or delivery.transactional-id"
      )
    }
    return TransactionalID(
      text: prefix + newToken(), lock: nil,
      remark: "all \(slots) slots in \(directory.path) are taken: this worker's id is random")
  }

  // MARK: Files

  private struct NotOurs: LocalizedError {
    var errorDescription: String? { "it belongs to another user" }
  }

  /// - Returns: the open file, if no other process has locked it.
  private static func lockFile(named name: String, in directory: URL) throws -> (handle: FileHandle?, url: URL) {
    let files = FileManager.default
    try files.createDirectory(
      at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    // In a directory like /tmp somebody else may have made it first.
    let owner = try files.attributesOfItem(atPath: directory.path)[.ownerAccountID] as? NSNumber
    guard owner.map({ $0.uint32Value == getuid() }) ?? true else { throw NotOurs() }
    let url = directory.appendingPathComponent(name)
    if !files.fileExists(atPath: url.path) {
      _ = files.createFile(atPath: url.path, contents: nil, attributes: [.posixPermissions: 0o600])
    }
    let handle = try FileHandle(forUpdating: url)
    return (flock(handle.fileDescriptor, LOCK_EX | LOCK_NB) == 0 ? handle : nil, url)
  }

  /// The slot's token, drawn by the first process that held it.
  private static func token(in file: FileHandle) throws -> String {
    if let known = try file.readToEnd(), known.count == 16, let text = String(data: known, encoding: .utf8) { return text }
    let token = newToken()
    try file.truncate(atOffset: 0)
    try file.write(contentsOf: Data(token.utf8))
    try file.synchronize()
    return token
  }

  private static func newToken() -> String {
    let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// A group or id as part of a file's name. Two that become the same share slots, not ids.
  private static func fileName(_ text: String) -> String {
    let safe = text.unicodeScalars.map { scalar -> Character in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": return Character(scalar)
      default: return "_"
      }
    }
    return String(safe.prefix(128))
  }

  /// `$XDG_RUNTIME_DIR/sentiment-worker`, or one in the temporary directory that is this user's.
  static func defaultDirectory(environment: [String: String] = ProcessInfo.processInfo.environment) -> URL {
    if let runtime = environment["XDG_RUNTIME_DIR"], !runtime.isEmpty {
      return URL(fileURLWithPath: runtime).appendingPathComponent("sentiment-worker")
    }
    return URL(fileURLWithPath: "/tmp").appendingPathComponent("sentiment-worker-\(getuid())")
  }
}
