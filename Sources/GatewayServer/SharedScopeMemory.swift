package import Forwarding
internal import Synchronization

/// One ``ScopeMemory`` for all event loops.
///
/// A loop keeps a copy of the rungs in its planner, and updates it when it is woken for that. So planning a call reads
/// neither a lock nor an atomic. The lock is taken only after a refusal that may be due to the scope.
package final class SharedScopeMemory: Sendable {
  private let memory = Mutex(ScopeMemory())
  /// Counts changes. Written under the lock, read without it.
  let version = Atomic<UInt64>(0)

  package init() {}

  /// Forgets what was learnt about `apps`, which is not valid any more.
  package func unlearn(_ apps: Set<Int>) {
    guard !apps.isEmpty else { return }
    memory.withLock { memory in
      for app in apps { memory.forget(app) }
      version.wrappingAdd(1, ordering: .releasing)
    }
  }

  /// The rungs to begin with, and their version.
  package var rungs: (version: UInt64, rungs: ScopeRungs) {
    memory.withLock { (version.load(ordering: .relaxed), $0.rungs) }
  }

  /// What is known of one operation of an app.
  package func entry(app: Int, operation: UInt8) -> ScopeMemory.Entry {
    memory.withLock { $0.entry(app: app, operation: operation) }
  }

  /// Every operation for which a rung was climbed, by app and then by its place in the catalogue.
  package var climbedOperations: [(app: Int, operation: UInt8, entry: ScopeMemory.Entry)] {
    memory.withLock { $0.climbedOperations }
  }

  func climbed(app: Int, operation: UInt8) {
    memory.withLock { $0.climbed(app: app, operation: operation) }
  }

  /// Returns whether that is news. Only one of several concurrent calls gets true.
  func worked(app: Int, operation: UInt8, rung: UInt8) -> Bool {
    memory.withLock { memory in
      guard memory.worked(app: app, operation: operation, rung: rung) else { return false }
      version.wrappingAdd(1, ordering: .releasing)
      return true
    }
  }

  func exhausted(app: Int, operation: UInt8, at now: Int64) {
    memory.withLock { $0.exhausted(app: app, operation: operation, at: now) }
  }
}
