#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Zeroed f32 memory in 64-byte aligned pieces, freed with the value. On huge pages where the system gives them.
///
/// `@unchecked Sendable`: the memory is written only before its owner is shared (weights), or by the one thread that uses
/// its owner (a lane's workspace, which is not `Sendable`).
final class FloatMemory: @unchecked Sendable {
  private let base: UnsafeMutablePointer<Float>
  let capacity: Int
  private var used = 0

  /// Throws `.outOfMemory` if `capacity` floats exceed the machine's memory.
  init(capacity: Int, purpose: String) throws(ModelError) {
    let (bytes, overflow) = max(capacity, 1).multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
    let physical = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    let pages = PROT_READ | PROT_WRITE
    let address = overflow || bytes > physical ? nil : mmap(nil, bytes, pages, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let address, address != MAP_FAILED else {
      throw ModelError(
        .outOfMemory, subject: purpose, expected: "at most the \(physical >> 20) MiB of this machine",
        found: overflow ? "more than 2^63 bytes" : "\(bytes >> 20) MiB",
        advice: "Choose a smaller model, fewer lanes or a smaller token budget.")
    }
    _ = madvise(address, bytes, MADV_HUGEPAGE)
    base = address.bindMemory(to: Float.self, capacity: max(capacity, 1))
    self.capacity = max(capacity, 1)
  }

  deinit { munmap(base, bytes) }

  /// What `take` of each of these counts adds up to.
  static func capacity(for counts: [Int]) -> Int { counts.reduce(0) { $0 + rounded($1) } }

  /// Floats that hold so many bytes.
  static func floats(forBytes count: Int) -> Int { (count + 3) / 4 }

  var bytes: Int { capacity * MemoryLayout<Float>.stride }
  /// The first float, for memory that is used as a whole.
  var start: UnsafeMutablePointer<Float> { base }

  /// The next `count` floats. The caller asks for no more than `capacity` in all.
  func take(_ count: Int) -> UnsafeMutablePointer<Float> {
    precondition(count <= capacity - used, "more floats taken than planned")
    defer { used += Self.rounded(count) }
    return base + used
  }

  /// The next `count` bytes, as elements of another type.
  func takeBytes<Element>(_ count: Int, as type: Element.Type) -> UnsafeMutablePointer<Element> {
    let place = UnsafeMutableRawPointer(take(Self.floats(forBytes: count)))
    return place.bindMemory(to: type, capacity: count / MemoryLayout<Element>.stride)
  }

  private static func rounded(_ count: Int) -> Int { (count + 15) / 16 * 16 }
}
