internal import Glibc

/// Sizes and names of files.
enum FileFacts {
  /// Bytes of the file; nil when it is not there.
  static func size(_ path: String) -> Int64? {
    var facts = stat()
    // Proof: both pointers are valid for the call.
    return unsafe stat(path, &facts) == 0 ? Int64(facts.st_size) : nil
  }

  /// Makes an empty file that others may not read, when there is none; SQLite gives the files beside it the same
  /// mode. One that is there is not touched: closing it would take this process' locks from it.
  static func make(_ path: String) {
    // Proof: the path is a C string for the call.
    let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
    if descriptor >= 0 { close(descriptor) }
  }

  /// Removes a file, if it is there.
  static func remove(_ path: String) {
    // Proof: the path is a C string for the call.
    _ = unsafe unlink(path)
  }

  /// Renames a file. Returns whether that worked.
  static func rename(_ path: String, to new: String) -> Bool {
    // Proof: both are C strings for the call.
    unsafe Glibc.rename(path, new) == 0
  }
}
