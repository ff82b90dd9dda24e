internal import CLinux
internal import Glibc

/// Signals as values that one thread reads, instead of handlers, which may do almost nothing.
package struct ProcessSignals: ~Copyable {
  package enum Signal: Sendable {
    /// SIGTERM or SIGINT.
    case terminate
    /// SIGHUP.
    case reload
    /// SIGUSR1.
    case reopenLogs
    /// SIGUSR2.
    case handOver
  }

  private let descriptor: Descriptor

  /// Blocks SIGTERM, SIGINT, SIGHUP, SIGUSR1 and SIGUSR2 for this thread and those that it starts, and ignores SIGPIPE.
  /// To be called before any other thread starts.
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

  /// The next signal if it comes within `milliseconds`, otherwise nil.
  package func next(within milliseconds: Int32) -> Signal? {
    var waiting = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
    // Proof: one record, whose storage outlives the call.
    guard unsafe poll(&waiting, 1, milliseconds) > 0 else { return nil }
    return ProcessSignals.signal(cl_next_signal(descriptor.number))
  }

  /// The next signal if it comes within `milliseconds`. Nil if it does not, or if one of `channels` can be read first.
  package func next(within milliseconds: Int32, orFrom channels: [Int32]) -> Signal? {
    var waiting = ([descriptor.number] + channels).map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    // Proof: as many records as the array has, for the call.
    guard unsafe poll(&waiting, nfds_t(waiting.count), milliseconds) > 0,
      waiting[0].revents & Int16(POLLIN) != 0
    else { return nil }
    return ProcessSignals.signal(cl_next_signal(descriptor.number))
  }

  private static func signal(_ number: Int32) -> Signal? {
    switch number {
    case SIGHUP: .reload
    case SIGUSR1: .reopenLogs
    case SIGUSR2: .handOver
    case SIGINT, SIGTERM: .terminate
    default: nil
    }
  }
}
