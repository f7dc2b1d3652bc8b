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
  private let file: RegularFile

  /// Throws `.unreadableFile` for anything but a readable, non-empty regular file. Never blocks on a pipe.
  init(path: String) throws(ModelError) {
    do throws(RegularFile.Failure) {
      file = try RegularFile(path: path)
    } catch {
      throw ModelError(error, file: path)
    }
    guard file.size > 0 else { throw ModelError(unreadable: path, found: "an empty file") }
    let address = mmap(nil, file.size, PROT_READ, MAP_PRIVATE, file.descriptor, 0)
    guard let address, address != MAP_FAILED else {
      throw ModelError(unreadable: path, found: "mmap: \(RegularFile.systemReason())")
    }
    _ = madvise(address, file.size, MADV_WILLNEED)
    self.path = path
    bytes = UnsafeRawBufferPointer(start: address, count: file.size)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }

  /// Throws when the file has been written to or cut since it was opened.
  func checkUnchanged() throws(ModelError) {
    do throws(RegularFile.Failure) {
      try file.checkUnchanged()
    } catch {
      throw ModelError(error, file: path)
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
}
