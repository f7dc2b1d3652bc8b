import Foundation

/// A file of a repository, as the hub describes it.
struct RepositoryFile: Sendable, Equatable {
  let name: String
  let size: Int
  let algorithm: DigestAlgorithm
  /// Lower-case hexadecimal digits.
  let digest: String
}

/// What a repository holds at one commit: the answer to `GET /api/models/REPOSITORY/revision/REVISION?blobs=true`
/// (https://huggingface.co/docs/hub/api).
struct RepositoryListing: Sendable {
  let repository: RepositoryName
  /// The commit's hash.
  let commit: String
  let files: [RepositoryFile]

  /// Bytes of an answer; more is refused while it comes.
  static let sizeLimit = 16 << 20

  /// - Throws: `HubError` of kind `.damaged` where a file that would be fetched has no size or hash.
  init(repository: RepositoryName, parsing bytes: [UInt8]) throws(HubError) {
    let answer: Answer
    do {
      answer = try JSONDecoder().decode(Answer.self, from: Data(bytes))
    } catch {
      throw HubError(
        .damaged,
        "the hub's answer about \(repository) is not the listing of a model repository; check the address of --hub")
    }
    guard Self.isHash(answer.sha, digits: 40...64) else {
      throw HubError(.damaged, "the hub names the commit of \(repository) \"\(shown(answer.sha))\", which is no hash")
    }
    self.repository = repository
    commit = answer.sha.lowercased()
    let wanted = Set(ModelFiles.rules.map(\.name))
    var files: [RepositoryFile] = []
    for sibling in answer.siblings {
      guard wanted.contains(sibling.rfilename) else {
        // Only its name matters, to say what is there in place of what is missing.
        files.append(RepositoryFile(name: sibling.rfilename, size: 0, algorithm: .gitBlob, digest: ""))
        continue
      }
      files.append(try Self.file(sibling, of: repository))
    }
    self.files = files
  }

  private static func file(_ sibling: Answer.Sibling, of repository: RepositoryName) throws(HubError) -> RepositoryFile {
    let name = sibling.rfilename
    guard let size = sibling.lfs?.size ?? sibling.size, size >= 0 else {
      throw HubError(.damaged, "the hub gives no size of \(name) in \(repository); check the address of --hub")
    }
    if let digest = sibling.lfs?.sha256, isHash(digest, digits: 64...64) {
      return RepositoryFile(name: name, size: size, algorithm: .sha256, digest: digest.lowercased())
    }
    // A large file without its SHA-256 is not trusted to the weaker hash, which would be that of its pointer anyway.
    guard sibling.lfs == nil, let digest = sibling.blobId, isHash(digest, digits: 40...40) else {
      throw HubError(.damaged, "the hub gives no hash of \(name) in \(repository), so that it could not be checked")
    }
    return RepositoryFile(name: name, size: size, algorithm: .gitBlob, digest: digest.lowercased())
  }

  private static func isHash(_ text: String, digits: ClosedRange<Int>) -> Bool {
    digits.contains(text.utf8.count)
      && text.utf8.allSatisfy {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
          || UInt8(ascii: "A")...UInt8(ascii: "F") ~= $0
      }
  }

  private struct Answer: Decodable {
    struct Sibling: Decodable {
      struct LFS: Decodable {
        var sha256: String?
        var size: Int?
      }
      var rfilename: String
      var size: Int?
      var blobId: String?
      var lfs: LFS?
    }
    var sha: String
    var siblings: [Sibling]
  }
}
