import Foundation

extension ModelError {
  init(_ failure: RegularFile.Failure, file: String) {
    switch failure {
    case .absent: self.init(unreadable: file, found: "No such file or directory")
    case .unopenable(let reason), .unreadable(let reason): self.init(unreadable: file, found: reason)
    case .notRegular(let isDirectory): self.init(unreadable: file, found: isDirectory ? "a directory" : "a special file")
    // Of these files only config.json has a limit.
    case .tooLarge(let bytes, let limit):
      self.init(.malformedConfiguration, file: file, subject: "file", expected: "at most \(limit) bytes", found: "\(bytes)")
    case .changed(let bytes):
      self.init(unreadable: file, found: "a file that changes while it is read (\(bytes) bytes now)")
    }
  }

  init(gitLFSPointer file: String) {
    self.init(
      .unreadableFile, file: file, subject: "file", expected: "the file itself", found: "a Git LFS pointer to it",
      advice: "Run git lfs pull in the model's directory.")
  }

  init(fileAsDirectory path: String) {
    self.init(
      .unreadableFile, file: path, subject: "model", expected: "a directory", found: "a file",
      advice: "Give the directory that has config.json and model.safetensors in it.")
  }

  /// For a directory without `model.safetensors`: what is there in its place, if anything is.
  init?(weightsElsewhereIn directory: URL, file: String) {
    let others = [
      (
        "model.safetensors.index.json",
        "Join the shards: load the model and save it with save_pretrained(max_shard_size=\"100GB\")."
      ),
      ("pytorch_model.bin", "Load the model and save it with save_pretrained(safe_serialization=True)."),
      ("pytorch_model.bin.index.json", "Load the model and save it with save_pretrained(safe_serialization=True)."),
      ("tf_model.h5", "Load the model in PyTorch with from_tf=True and save it with save_pretrained."),
    ]
    guard let other = others.first(where: { FileManager.default.fileExists(atPath: directory.appending(path: $0.0).path) })
    else { return nil }
    self.init(
      .unreadableFile, file: file, subject: "file", expected: "the weights in one safetensors file",
      found: "no such file, but \(other.0)", advice: other.1)
  }

  init(unreadable file: String, found: String) {
    self.init(
      .unreadableFile, file: file, subject: "file", expected: "a readable, non-empty regular file", found: found,
      advice: "Give the directory of a Hugging Face model: config.json, model.safetensors and vocab.txt, readable by this user.")
  }
}
