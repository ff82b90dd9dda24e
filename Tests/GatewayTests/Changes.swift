import Foundation
import System

/// Tells tests that something has happened which may be what they wait for: a thread of a gateway, or of a
/// simulated neighbour, has done what it had to do and is about to wait.
final class Changes: @unchecked Sendable {
  // @unchecked: `count` is read and written under the condition's lock.
  private static let shared = Changes()
  private let condition = NSCondition()
  private var count = 0

  /// Something has happened.
  static func note() {
    shared.condition.withLock {
      shared.count += 1
      shared.condition.broadcast()
    }
  }

  /// How often something has happened.
  static var count: Int { shared.condition.withLock { shared.count } }

  /// Waits until more than `seen` has happened, or until `end`.
  static func wait(beyond seen: Int, until end: Date) {
    shared.condition.withLock {
      while shared.count == seen, shared.condition.wait(until: end) {}
    }
  }

  /// A clock that runs, can be turned ahead, and notes when something is about to wait.
  static func clock() -> TurnedClock { TurnedClock(runs: true, aboutToWait: { _ in note() }) }

  /// Between two looks while nothing happens: other processes tell nobody of theirs.
  static let longestPause = 0.05
}

/// Waits until `condition` holds: looks whenever something has happened, for ten seconds at most.
///
/// - Returns: whether it came to hold.
func eventually(within seconds: Double = 10, _ condition: () throws -> Bool) rethrows -> Bool {
  let end = Date(timeIntervalSinceNow: seconds)
  while true {
    let seen = Changes.count
    if try condition() { return true }
    let now = Date()
    guard now < end else { return false }
    Changes.wait(beyond: seen, until: min(end, now + Changes.longestPause))
  }
}
