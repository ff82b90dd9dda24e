internal import Glibc

/// Permission bits of files.
package enum FileMode {
  /// Gives the file at `path` these bits.
  package static func set(_ mode: UInt16, of path: String) throws(SystemError) {
    // Proof: the path is a C string for the call.
    guard unsafe chmod(path, mode_t(mode)) == 0 else { throw .current }
  }
}
