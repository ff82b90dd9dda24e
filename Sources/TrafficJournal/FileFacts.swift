internal import Glibc

/// Sizes and names of files.
enum FileFacts {
  /// The file's size in bytes; nil if it does not exist.
  static func size(_ path: String) -> Int64? {
    var facts = stat()
    // Proof: both pointers are valid during the call.
    return unsafe stat(path, &facts) == 0 ? Int64(facts.st_size) : nil
  }

  /// Creates an empty file that others may not read, if it does not exist. SQLite gives the files next to it the same
  /// mode. An existing file is not opened, because closing it would release this process's locks on it.
  static func make(_ path: String) {
    // Proof: the path is a C string during the call.
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
    if descriptor >= 0 { close(descriptor) }
  }

  /// Removes a file if it exists.
  static func remove(_ path: String) {
    // Proof: the path is a C string during the call.
    _ = unsafe unlink(path)
  }

  /// Renames a file. Returns whether that succeeded.
  static func rename(_ path: String, to new: String) -> Bool {
    // Proof: both are C strings during the call.
    unsafe Glibc.rename(path, new) == 0
  }
}
