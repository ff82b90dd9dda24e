internal import Synchronization

/// A thread beside the event loops, whose end is waited for, but not for ever.
///
/// It may be held up where nobody can help: by a disk, a name server, a peer. Waiting for the end of its
/// function alone would not do: what the function held is given back after it, and a process that ends
/// meanwhile takes the C libraries' state away from under it.
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

  /// Waits until the thread is gone, for at most `milliseconds`. Once that was true, not to be called again.
  ///
  /// - Returns: false when it still runs; it is left alone then.
  @discardableResult
  package func join(within milliseconds: Int32) -> Bool {
    guard ended.wait(milliseconds: milliseconds) else { return false }
    // Its function has returned, so this is short.
    let taken = thread.withLock { thread in
      let taken = thread
      thread = nil
      return taken
    }
    taken?.join()
    return true
  }
}
