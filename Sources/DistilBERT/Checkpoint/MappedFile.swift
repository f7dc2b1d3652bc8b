#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A regular file mapped read-only into memory, for as long as the value lives.
///
/// Reading a page that another process has cut off the file since would kill this process (SIGBUS). So the mapping is
/// kept only while the weights are converted into memory of our own, and `checkUnchanged` is called around each tensor.
final class MappedFile {
  let path: String
  let bytes: UnsafeRawBufferPointer
  private let descriptor: Int32
  private let modified: timespec

  /// Throws `.unreadableFile` for anything but a readable, non-empty regular file. Never blocks on a pipe.
  init(path: String) throws(ModelError) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Self.unreadable(path, found: String(cString: strerror(errno))) }
    var status = stat()
    let known = fstat(descriptor, &status) == 0
    guard known, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw Self.unreadable(path, found: known && status.st_mode & S_IFMT == S_IFDIR ? "a directory" : "a special file")
    }
    let size = Int(status.st_size)
    guard size > 0 else {
      close(descriptor)
      throw Self.unreadable(path, found: "an empty file")
    }
    let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address, address != MAP_FAILED else {
      let reason = String(cString: strerror(errno))
      close(descriptor)
      throw Self.unreadable(path, found: "mmap: \(reason)")
    }
    _ = madvise(address, size, MADV_WILLNEED)
    self.path = path
    modified = status.st_mtim
    bytes = UnsafeRawBufferPointer(start: address, count: size)
  }

  deinit {
    munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    close(descriptor)
  }

  /// Throws when the file has been written to or cut since it was opened.
  func checkUnchanged() throws(ModelError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0, Int(status.st_size) == bytes.count,
      status.st_mtim.tv_sec == modified.tv_sec, status.st_mtim.tv_nsec == modified.tv_nsec
    else {
      throw Self.unreadable(path, found: "a file that changes while it is read (\(status.st_size) bytes now)")
    }
  }

  /// Lets go of the pages that lie wholly in a byte range: they no longer count as this process's memory, and are read again from
  /// the file if they are looked at again.
  func release(_ range: Range<Int>) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let first = (range.lowerBound + page - 1) / page * page
    let last = range.upperBound / page * page
    guard first < last, let base = UnsafeMutableRawPointer(mutating: bytes.baseAddress) else { return }
    _ = madvise(base + first, last - first, MADV_DONTNEED)
  }

  private static func unreadable(_ path: String, found: String) -> ModelError {
    ModelError(
      .unreadableFile, file: path, subject: "file", expected: "a readable, non-empty regular file", found: found,
      advice: "Give the directory of a Hugging Face model: config.json, model.safetensors and vocab.txt, readable by this user.")
  }
}
