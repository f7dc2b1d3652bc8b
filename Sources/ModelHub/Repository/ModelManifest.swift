import Foundation

/// What a model directory should hold, byte for byte: written by a fetch, and read to check the directory later.
public struct ModelManifest: Sendable, Equatable, Codable {
  public struct File: Sendable, Equatable, Codable {
    public var name: String
    /// Bytes.
    public var size: Int
    /// Lower-case hexadecimal digits.
    public var sha256: String

    public init(name: String, size: Int, sha256: String) {
      self.name = name
      self.size = size
      self.sha256 = sha256
    }
  }

  public struct Source: Sendable, Equatable, Codable {
    /// The hub's address.
    public var hub: String
    /// `OWNER/NAME` on the hub.
    public var repository: String
    /// The commit's hash.
    public var revision: String

    public init(hub: String, repository: String, revision: String) {
      self.hub = hub
      self.repository = repository
      self.revision = revision
    }
  }

  /// The manifest's name in a model directory.
  public static let fileName = "sentiment-manifest.json"
  private static let sizeLimit = 1 << 20

  /// Of this format.
  public var version = 1
  /// Nil for the model that comes with the program.
  public var source: Source?
  public var files: [File]

  public init(source: Source?, files: [File]) {
    self.source = source
    self.files = files
  }

  /// The manifest of a directory; nil where it has none.
  /// - Throws: `HubError` of kind `.file` if it cannot be read, `.damaged` if it is no manifest.
  public init?(directory: URL) throws(HubError) {
    let path = directory.appendingPathComponent(Self.fileName).path
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let file = try LocalFile(reading: path)
    guard file.size <= Self.sizeLimit else {
      throw HubError(.damaged, "\(shown(path)) has \(file.size) bytes: it is no manifest")
    }
    var bytes = [UInt8](repeating: 0, count: Self.sizeLimit)
    var filled: [UInt8] = []
    while case let count = try file.read(into: &bytes), count > 0, filled.count <= Self.sizeLimit { filled += bytes[..<count] }
    do {
      self = try JSONDecoder().decode(ModelManifest.self, from: Data(filled))
    } catch {
      throw HubError(.damaged, "\(shown(path)) is no manifest of a model")
    }
    guard version == 1 else { throw HubError(.damaged, "\(shown(path)) has version \(version); this program knows version 1") }
    guard files.allSatisfy({ !$0.name.isEmpty && !$0.name.contains("/") && $0.name != ".." && $0.name != "." && $0.size >= 0 })
    else {
      throw HubError(.damaged, "\(shown(path)) names files outside its directory")
    }
  }

  /// The same as JSON text, members in a fixed order.
  public func encoded() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
  }

  /// What of a directory differs from this manifest, a sentence each; empty if every file is as it was fetched.
  public func differences(in directory: URL) -> [String] {
    var differences: [String] = []
    for file in files {
      let path = directory.appendingPathComponent(file.name).path
      do throws(HubError) {
        let size = try LocalFile(reading: path).size
        if size != file.size {
          differences.append("\(file.name) has \(size) bytes; expected \(file.size)")
        } else if try DigestAlgorithm.sha256.digest(ofFile: path) != file.sha256.lowercased() {
          differences.append("\(file.name) has other bytes than the manifest says (SHA-256)")
        }
      } catch {
        differences.append(error.description)
      }
    }
    let names = Set(files.map(\.name))
    for rule in ModelFiles.rules where !names.contains(rule.name) {
      if FileManager.default.fileExists(atPath: directory.appendingPathComponent(rule.name).path) {
        differences.append("\(rule.name) is not in the manifest, but is there and would be read")
      }
    }
    return differences
  }
}
