internal import Glibc

/// Sizes and names of files.
enum FileFacts {
  /// Bytes of the file; nil when it is not there.
  static func size(_ path: String) -> Int64? {
    var facts = stat()
    // Proof: both pointers are valid for the call.
    return unsafe stat(path, &facts) == 0 ? Int64(facts.st_size) : nil
  }

  /// Renames a file. Returns whether that worked.
  static func rename(_ path: String, to new: String) -> Bool {
    // Proof: both are C strings for the call.
    unsafe Glibc.rename(path, new) == 0
  }
}
