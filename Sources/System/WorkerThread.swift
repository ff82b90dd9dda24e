internal import Synchronization

/// A thread beside the event loops. Its end is waited for, but not forever.
///
/// It may be delayed by things outside the process's control: a disk, a name server, a peer. Waiting until its function
/// has returned would not be enough: what the function held is released after that, and a process that ends meanwhile
/// would destroy the C libraries' state while the thread uses it.
package final class WorkerThread: Sendable {
  private let ended: ThreadSignal
  private let thread = Mutex<SystemThread?>(nil)

  /// Nothing runs before ``start(_:_:)``.
  package init() throws(SystemError) { ended = try ThreadSignal() }

  /// Runs `body` on a thread called `name` (at most 15 bytes are kept). To be called once.
  package func start(
    _ name: String, priority: SystemThread.Priority = .usual,
    _ body: @escaping @Sendable () -> Void
  ) throws(SystemError) {
    let ended = ended
    let started = try SystemThread(name, priority: priority) {
      body()
      ended.notify()
    }
    thread.withLock { $0 = started }
  }

  /// Waits until the thread has ended, for at most `milliseconds`. Must not be called again after it returned true.
  ///
  /// - Returns: false when the thread still runs. It is then left alone.
  @discardableResult
  package func join(within milliseconds: Int32) -> Bool {
    guard ended.wait(milliseconds: milliseconds) else { return false }
    // The thread's function has returned, so this is short.
    let taken = thread.withLock { thread in
      let taken = thread
      thread = nil
      return taken
    }
    taken?.join()
    return true
  }
}
