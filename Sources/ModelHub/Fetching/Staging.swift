import Foundation
import Glibc

/// The directory beside the destination in which a model is put together: what is complete is renamed to the destination in one
/// step, so that a fetch that is killed at any moment leaves nothing there that looks like a model.
struct Staging: ~Copyable {
  let destination: URL
  let directory: URL
  /// Held open and locked, so that two fetches of one destination do not write into each other's files. The lock goes with the
  /// process, however that ends.
  private let lock: Int32

  init(destination: URL) throws(HubError) {
    let name = destination.lastPathComponent + ".part"
    let directory = destination.deletingLastPathComponent().appendingPathComponent(name, isDirectory: true)
    lock = try Self.open(directory)
    self.directory = directory
    self.destination = destination
  }

  /// Makes a directory if it is not there, and locks it.
  private static func open(_ directory: URL) throws(HubError) -> Int32 {
    let path = directory.path
    do {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    } catch {
      throw .file("cannot make the directory \(shown(path)): \(reason(error))")
    }
    let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw .file("cannot open \(shown(path)): \(systemReason())") }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let isHeld = errno == EWOULDBLOCK
      let reason = systemReason()
      close(descriptor)
      throw .file(isHeld ? "another fetch is writing \(shown(path))" : "cannot lock \(shown(path)): \(reason)")
    }
    return descriptor
  }

  deinit { close(lock) }

  /// Removes whatever is there but files of these names and parts of them, such as those of another commit.
  func keepOnly(_ files: [RepositoryFile]) {
    let wanted = files.flatMap { file -> [String] in
      let part = "\(file.name).\(file.digest.prefix(16)).part"
      return [file.name, part, part + ".etag"]
    }
    let found = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    for name in found where !wanted.contains(name) {
      try? FileManager.default.removeItem(at: directory.appendingPathComponent(name))
    }
  }

  /// - Throws: `HubError` of kind `.file` where the disk cannot take so many more bytes.
  func checkSpace(for bytes: Int) throws(HubError) {
    var status = statvfs()
    guard bytes > 0, fstatvfs(lock, &status) == 0 else { return }
    let (free, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
    guard !overflow, free < UInt64(bytes) else { return }
    throw .file(
      "\(shown(directory.path)): \(bytes) bytes are to come, but its disk has \(free) free; make room, or give a directory on another one with --to"
    )
  }

  func write(_ bytes: [UInt8], to name: String) throws(HubError) {
    let path = directory.appendingPathComponent(name).path
    let file = try LocalFile(appendingTo: path)
    try file.truncate()
    try file.write(bytes)
    try file.synchronise()
  }

  /// Makes the directory the destination, which must not be there or be an empty directory.
  func publish() throws(HubError) {
    // The names must be on the disk before the directory's own is.
    _ = fsync(lock)
    guard rename(directory.path, destination.path) == 0 else {
      throw .file("cannot rename \(shown(directory.path)) to \(shown(destination.path)): \(systemReason())")
    }
    let parent = Glibc.open(destination.deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if parent >= 0 {
      _ = fsync(parent)
      close(parent)
    }
  }

  /// The system's own words for an error of Foundation.
  private static func reason(_ error: any Error) -> String {
    let error = error as NSError
    let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
    return cause.domain == NSPOSIXErrorDomain
      ? String(cString: strerror(Int32(clamping: cause.code))) : "\(error.localizedDescription)"
  }
}
