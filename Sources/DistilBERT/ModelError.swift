/// Why a model could not be loaded or run: what was wrong, where, and what to do.
///
/// Everything that a model directory or a caller's input can get wrong ends here; nothing traps.
public struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What went wrong, for programs; `description` is for people.
  public enum Kind: Sendable, Equatable, CaseIterable {
    /// A file of the model directory is missing, is no regular file, or cannot be read.
    case unreadableFile
    /// `config.json` is not what a Hugging Face configuration looks like.
    case malformedConfiguration
    /// `config.json` is well formed and asks for something this engine does not do.
    case unsupportedConfiguration
    /// `model.safetensors` breaks the format: header, offsets, sizes.
    case malformedCheckpoint
    /// The checkpoint lacks a tensor that the architecture needs.
    case missingTensor
    /// A tensor's shape, or the number of layers, differs from what `config.json` says.
    case wrongShape
    /// A tensor's element type is none of F32, F16, BF16.
    case wrongType
    /// A weight is NaN or infinite.
    case notFinite
    /// The weights or a workspace do not fit in memory.
    case outOfMemory
    /// Token ids or sequence lengths that the model cannot take.
    case invalidInput
    /// A kernel path that this machine cannot run, or whose name is unknown.
    case unsupportedKernels
    /// The system gives no thread.
    case noThread
  }

  public var kind: Kind
  /// Path of the file, or empty where the input came from memory.
  public var file: String
  /// The tensor, configuration field, header entry or argument concerned.
  public var subject: String
  public var expected: String
  public var found: String
  /// What to do about it: a sentence.
  public var advice: String

  public var description: String {
    let place = file.isEmpty ? subject : "\(file): \(subject)"
    return "\(place): expected \(expected), found \(found). \(advice)"
  }

  static let saveAgain = "Download the model again, or export it again with save_pretrained."

  init(
    _ kind: Kind, file: String = "", subject: String, expected: String, found: String,
    advice: String = Self.saveAgain
  ) {
    self.kind = kind
    self.file = file
    self.subject = printable(subject)
    self.expected = expected
    self.found = printable(found)
    self.advice = advice
  }
}

/// Text from a file, fit for one line of a log: control characters escaped, at most 120 characters.
func printable(_ text: String) -> String {
  var result = ""
  for (position, scalar) in text.unicodeScalars.enumerated() {
    if position == 120 { return result + "…" }
    if scalar.value < 0x20 || scalar.properties.isBidiControl || (0x7f...0x9f).contains(scalar.value) {
      result += scalar.escaped(asASCII: true)
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}
