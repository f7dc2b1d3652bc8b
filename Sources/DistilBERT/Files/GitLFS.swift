/// Git Large File Storage, where a clone made without it leaves pointer files in place of large ones
/// (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md).
enum GitLFS {
  /// Whether a file is such a pointer.
  static func isPointer(_ bytes: some Sequence<UInt8>) -> Bool { bytes.starts(with: "version https://git-lfs".utf8) }
}
