internal import CLinux
internal import Glibc

/// A POSIX thread that runs one function. Event loops and C libraries block, so they must not run on Swift's pool of
/// cooperative threads.
///
/// It receives no signals except those of its own faults. The thread that waits for signals receives the others.
@safe package final class SystemThread: @unchecked Sendable {
  // @unchecked: `handle` is written before the thread can be joined, and only `join` reads it.
  private var handle = pthread_t()

  private final class Start {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// How a thread competes for the processor.
  package enum Priority: Sendable {
    case usual
    /// Nobody waits for its results: if processor time is short, other threads go first, for example event loops before
    /// the log.
    case low
  }

  /// Starts a thread called `name` (at most 15 bytes are kept, as the kernel requires).
  ///
  /// - Throws: the error number when the system cannot start another thread.
  package init(
    _ name: String, priority: Priority = .usual, _ body: @escaping @Sendable () -> Void
  ) throws(SystemError) {
    let start = Start {
      // Proof: the name is a C string for the call, which copies it.
      unsafe cl_name_this_thread(name)
      if case .low = priority { cl_let_others_go_first() }
      body()
    }
    // Proof: the reference retained here is released exactly once, at the thread's start or below.
    let pointer = unsafe Unmanaged.passRetained(start).toOpaque()
    var others = sigset_t()
    var before = sigset_t()
    // Proof: both sets outlive the calls. The new thread inherits the mask, so no signal slips in.
    _ = unsafe sigfillset(&others)
    for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS] {
      _ = unsafe sigdelset(&others, fault)
    }
    _ = unsafe pthread_sigmask(SIG_SETMASK, &others, &before)
    defer { _ = unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    let status = unsafe pthread_create(
      &handle, nil,
      { argument in
        if let argument = unsafe argument {
          // Proof: the one reference that was retained for this thread, released once: it runs once.
          unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
        }
        return nil
      }, pointer)
    guard status == 0 else {
      // Proof: no thread began, so nothing else releases the reference.
      unsafe Unmanaged<Start>.fromOpaque(pointer).release()
      throw SystemError(number: status)
    }
  }

  /// Waits until the thread's function has returned. To be called once.
  package func join() { _ = pthread_join(handle, nil) }
}

/// An error number of the system.
package struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
  package let number: Int32

  package init(number: Int32) { self.number = number }

  /// The current error number.
  package static var current: SystemError { SystemError(number: errno) }

  // Proof: strerror returns a constant text or, for an unknown number, one of this thread's; it is copied at once.
  package var description: String { unsafe String(cString: strerror(number)) }
}
