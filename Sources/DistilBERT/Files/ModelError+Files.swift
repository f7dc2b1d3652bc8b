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

  init(unreadable file: String, found: String) {
    self.init(
      .unreadableFile, file: file, subject: "file", expected: "a readable, non-empty regular file", found: found,
      advice: "Give the directory of a Hugging Face model: config.json, model.safetensors and vocab.txt, readable by this user.")
  }
}
