internal import CLinux
internal import Glibc

/// What a process asks of the system once, at its start.
package enum ProcessLimits {
  /// No core dumps, and no reading of this process' memory or environment by others of the same user.
  package static func forbidDumps() { _ = cl_forbid_dumps() }

  /// Takes back what asks TLS libraries to write the keys of connections into a file: these connections carry secrets.
  /// To be called before other threads read the environment.
  package static func forbidKeyLogs() {
    // Proof: a constant C string, and no other thread runs yet.
    _ = unsafe unsetenv("SSLKEYLOGFILE")
  }

  /// Makes large blocks of memory go back to the system when they are freed: what a crowd of slow readers
  /// needed is not kept for ever.
  package static func returnLargeBlocks() { cl_return_large_blocks() }

  /// Gives the system back what only the start needed. Linking, parsing the configuration and the
  /// initialisers of two dozen libraries touch several megabytes of code that never runs again.
  package static func releaseStartPages() { cl_release_start_pages() }

  /// How many descriptors the process may have open.
  package static var descriptorLimit: Int {
    let limit = sysconf(Int32(_SC_OPEN_MAX))
    return limit > 0 ? limit : Int.max
  }

  /// Ends the process without what exit(3) does before. For when a thread cannot be ended: the C libraries' own
  /// endings would take away what it uses.
  package static func endAtOnce(status: Int32 = 0) -> Never { cl_end_at_once(status) }

  /// Raises the limit of open descriptors as far as allowed.
  ///
  /// - Returns: the limit; nil when it cannot be read.
  @discardableResult
  package static func raiseDescriptorLimit() -> Int? {
    let limit = cl_raise_descriptor_limit()
    return limit < 0 ? nil : Int(limit)
  }
}
