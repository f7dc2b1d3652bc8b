import Foundation

/// A text file of a model directory, read whole and known to be UTF-8.
struct TokenizerFile {
  let name: String
  let bytes: [UInt8]

  /// Reads a file; `nil` where there is none.
  ///
  /// - Parameter limit: bytes; a larger file is refused before it is read.
  /// - Throws: `TokenizerError.unreadableFile` where it is no regular file, too large or cannot be read;
  ///   `.malformedFile` where it is not UTF-8.
  init?(_ name: String, in directory: URL, limit: Int) throws(TokenizerError) {
    let path = directory.appendingPathComponent(name, isDirectory: false).path
    do throws(RegularFile.Failure) {
      bytes = try RegularFile.contents(of: path, limit: limit)
    } catch {
      if error == .absent { return nil }
      throw .unreadableFile(file: path, reason: Self.describe(error))
    }
    self.name = path
    guard !GitLFS.isPointer(bytes) else {
      throw .unreadableFile(
        file: path, reason: "is a Git LFS pointer; expected the file itself: run git lfs pull in the model's directory")
    }
    do throws(UTF8.ValidationError) {
      _ = try UTF8Span(validating: bytes.span)
    } catch {
      throw .malformedFile(file: path, offset: error.byteOffsets.lowerBound, reason: "is not UTF-8; expected UTF-8 text")
    }
  }

  private static func describe(_ failure: RegularFile.Failure) -> String {
    switch failure {
    case .absent: "is missing"
    case .unopenable(let reason): "cannot be opened: \(reason)"
    case .notRegular: "is not a regular file; expected a text file"
    case .tooLarge(let bytes, let limit): "has \(bytes) bytes; expected at most \(limit)"
    case .unreadable(let reason): "cannot be read: \(reason)"
    case .changed(let bytes): "changes while it is read (\(bytes) bytes now)"
    }
  }
}
