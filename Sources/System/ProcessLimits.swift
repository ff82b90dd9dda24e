internal import CLinux
internal import Glibc

/// What a process requests of the system once, at its start.
package enum ProcessLimits {
  /// Forbids core dumps, and keeps other processes of the same user from reading this process's memory or environment.
  package static func forbidDumps() { _ = cl_forbid_dumps() }

  /// Removes the variable that makes TLS libraries write the keys of connections to a file: these connections carry
  /// secrets. To be called before other threads read the environment.
  package static func forbidKeyLogs() {
    // Proof: a constant C string, and no other thread runs yet.
    _ = unsafe unsetenv("SSLKEYLOGFILE")
  }

  /// Makes large memory blocks return to the system when they are freed, so that memory for a crowd of slow readers is
  /// not kept forever.
  package static func returnLargeBlocks() { cl_return_large_blocks() }

  /// Gives memory that only the start needed back to the system. Linking, parsing the configuration and the
  /// initialisers of two dozen libraries touch several megabytes of code that never runs again.
  package static func releaseStartPages() { cl_release_start_pages() }

  /// How many descriptors the process may have open.
  package static var descriptorLimit: Int {
    let limit = sysconf(Int32(_SC_OPEN_MAX))
    return limit > 0 ? limit : Int.max
  }

  /// Ends the process without what exit(3) does first. For when a thread cannot be ended: the exit handlers of C
  /// libraries would destroy what it uses.
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
