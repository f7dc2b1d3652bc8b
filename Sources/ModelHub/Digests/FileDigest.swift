import CKernels
import Glibc

/// The two hashes by which hubs name the content of files (FIPS 180-4), as lower-case hexadecimal digits.
public enum DigestAlgorithm: Sendable, Hashable {
  case sha256
  /// Git's name of a blob: SHA-1 over `blob`, the size and the bytes. Good against damage, not against an attacker who makes
  /// collisions; hubs give it for small files.
  case gitBlob
}

/// A hash over bytes that come in pieces.
///
/// The block functions are our own (`digest.c`): the toolchain has no hash functions on Linux, and libcurl's TLS library differs
/// from system to system and is none of our dependencies. They are small, fixed for ever, and held against the standard's vectors.
struct Digest {
  private var state: [UInt32]
  private let isSHA256: Bool
  private var count: UInt64 = 0
  /// Bytes that do not yet fill a block.
  private var rest: [UInt8] = []

  static func sha256() -> Digest {
    Digest(
      state: [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
      ], isSHA256: true)
  }

  static func sha1() -> Digest {
    Digest(state: [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0], isSHA256: false)
  }

  private init(state: [UInt32], isSHA256: Bool) {
    self.state = state
    self.isSHA256 = isSHA256
  }

  mutating func update(_ bytes: ArraySlice<UInt8>) {
    count &+= UInt64(bytes.count)
    var bytes = bytes
    if !rest.isEmpty {
      let taken = bytes.prefix(64 - rest.count)
      rest += taken
      bytes = bytes.dropFirst(taken.count)
      guard rest.count == 64 else { return }
      compress(rest[...])
      rest.removeAll(keepingCapacity: true)
    }
    let whole = bytes.prefix(bytes.count / 64 * 64)
    compress(whole)
    rest += bytes.dropFirst(whole.count)
  }

  /// The hash of everything so far.
  consuming func hexadecimal() -> String {
    let bits = count &<< 3
    var tail = rest + [0x80]
    tail += [UInt8](repeating: 0, count: (120 - tail.count % 64) % 64)
    for shift in stride(from: 56, through: 0, by: -8) { tail.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift))) }
    compress(tail[...])
    return state.map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  /// Whole blocks only.
  private mutating func compress(_ blocks: ArraySlice<UInt8>) {
    blocks.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      if isSHA256 {
        ck_sha256_blocks(&state, base, buffer.count / 64)
      } else {
        ck_sha1_blocks(&state, base, buffer.count / 64)
      }
    }
  }
}

extension DigestAlgorithm {
  /// The hash of bytes in memory.
  public func digest(of bytes: [UInt8]) -> String {
    var digest = makeDigest(size: bytes.count)
    digest.update(bytes[...])
    return digest.hexadecimal()
  }

  /// The hash of a file, read in pieces of 1 MiB.
  /// - Throws: `HubError` of kind `.file` if it is no regular file or cannot be read.
  public func digest(ofFile path: String) throws(HubError) -> String {
    let file = try LocalFile(reading: path)
    var digest = makeDigest(size: file.size)
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = try file.read(into: &piece)
      if count == 0 { return digest.hexadecimal() }
      digest.update(piece[..<count])
    }
  }

  private func makeDigest(size: Int) -> Digest {
    guard self == .gitBlob else { return .sha256() }
    var digest = Digest.sha1()
    digest.update(Array("blob \(size)\0".utf8)[...])
    return digest
  }
}
