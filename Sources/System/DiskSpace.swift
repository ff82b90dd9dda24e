internal import CLinux
internal import Glibc

/// Facts about a file system and about a file's permissions.
package enum DiskSpace {
  /// Bytes that this user may still write where `path` is, or would be; nil when that cannot be determined.
  package static func free(at path: String) -> Int64? {
    var place = path
    while true {
      var facts = statvfs()
      // Proof: both pointers are valid for the call.
      if unsafe statvfs(place, &facts) == 0 {
        return Int64(
          clamping: UInt64(facts.f_bavail).multipliedReportingOverflow(
            by: UInt64(facts.f_frsize)
          ).partialValue)
      }
      guard errno == ENOENT, let slash = place.lastIndex(of: "/"), place != "/" else { return nil }
      place = slash == place.startIndex ? "/" : String(place[..<slash])
    }
  }

  /// Bytes of the file at `path`; 0 when it does not exist.
  package static func size(of path: String) -> Int64 {
    var facts = stat()
    // Proof: both pointers are valid for the call.
    return unsafe stat(path, &facts) == 0 ? Int64(facts.st_size) : 0
  }

  /// Whether users other than the owner, its group or everyone, may change what is at `path`, after following links. A
  /// folder whose entries only their owners may replace (the sticky bit) does not count.
  package static func isWritableByOthers(_ path: String) -> Bool {
    var facts = stat()
    // Proof: both pointers are valid for the call.
    guard unsafe stat(path, &facts) == 0 else { return false }
    if facts.st_mode & S_IFMT == S_IFDIR, facts.st_mode & S_ISVTX != 0 { return false }
    return facts.st_mode & 0o022 != 0
  }
}
