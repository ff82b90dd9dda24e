package import Forwarding
internal import Memory
internal import Synchronization

/// One ``JobBoard`` for all event loops and the admin address.
///
/// When the board's version changes, the loops are woken and look at their waiting calls.
package final class SharedJobs: Sendable {
  private let state = Mutex(JobBoard())
  /// Counts changes that waiting calls need to see. Written under the lock, read without it.
  let version = Atomic<UInt64>(0)

  package init() {}

  /// The jobs that callers have waited for, the newest first.
  package var all: [JobBoard.Job] { state.withLock { $0.all } }

  func job(_ key: JobBoard.Key) -> JobBoard.Job? { state.withLock { $0[key] } }

  func join(
    _ key: JobBoard.Key, caller: String, operation: String, at now: Int64
  ) -> JobBoard.Role {
    state.withLock { $0.join(key, caller: caller, operation: operation, at: now) }
  }

  func claim(_ key: JobBoard.Key) -> Bool { state.withLock { $0.claim(key) } }

  /// Returns whether waiting calls must be woken.
  func report(_ key: JobBoard.Key, status: String, answer: [UInt8], at now: Int64) -> Bool {
    state.withLock { board in
      guard board.report(key, status: status, answer: answer, at: now) else { return false }
      version.wrappingAdd(1, ordering: .releasing)
      return true
    }
  }

  /// Returns whether waiting calls must be woken.
  func leave(_ key: JobBoard.Key, _ leaving: JobBoard.Leaving, polled: Bool) -> Bool {
    state.withLock { board in
      guard board.leave(key, leaving, polled: polled) else { return false }
      version.wrappingAdd(1, ordering: .releasing)
      return true
    }
  }
}
