internal import CLinux
internal import Glibc

/// Signals as values, read by one thread, instead of handlers that may do next to nothing.
package struct ProcessSignals: ~Copyable {
  package enum Signal: Sendable {
    /// SIGTERM or SIGINT.
    case terminate
    /// SIGHUP.
    case reload
    /// SIGUSR1.
    case reopenLogs
  }

  private let descriptor: Descriptor

  /// Blocks SIGTERM, SIGINT, SIGHUP and SIGUSR1 for this thread and those it starts, and ignores SIGPIPE.
  /// To be made before any other thread.
  package init() throws(SystemError) {
    cl_ignore_sigpipe()
    let number = cl_signal_descriptor()
    guard number >= 0 else { throw .current }
    descriptor = Descriptor(owning: number)
  }

  /// Waits for the next signal. Blocks its thread.
  package func next() -> Signal {
    while true {
      if let signal = ProcessSignals.signal(cl_next_signal(descriptor.number)) { return signal }
    }
  }

  /// The next signal, when it comes within so many milliseconds.
  package func next(within milliseconds: Int32) -> Signal? {
    var waiting = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
    // Proof: one record, whose storage outlives the call.
    guard unsafe poll(&waiting, 1, milliseconds) > 0 else { return nil }
    return ProcessSignals.signal(cl_next_signal(descriptor.number))
  }

  private static func signal(_ number: Int32) -> Signal? {
    switch number {
    case SIGHUP: .reload
    case SIGUSR1: .reopenLogs
    case SIGINT, SIGTERM: .terminate
    default: nil
    }
  }
}

/// The machine's processors.
package enum Processors {
  /// How many this process may use, at least 1: those it may run on, and no more than its control group's quota
  /// of processor time comes to. Threads beyond it would use the quota up early in each period, and all wait then.
  package static var count: Int {
    let allowed = Int(cl_processor_count())
    guard let quota = ProcessorQuota.processors(SmallFile.text) else { return allowed }
    return max(1, min(allowed, quota))
  }
}

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

/// The clocks.
package enum SystemClock {
  /// Nanoseconds that never go back; they stand still while the machine sleeps.
  package static var monotonic: Int64 { cl_monotonic_ns() }
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  package static var wall: Int64 { cl_wall_ns() }
}
