import Foundation
import System

/// Notifies tests that something has happened for which they may wait: a thread of a gateway or of a simulated peer has
/// finished its work and is about to wait.
final class Changes: @unchecked Sendable {
  // @unchecked: `count` is read and written under the condition's lock.
  private static let shared = Changes()
  private let condition = NSCondition()
  private var count = 0

  /// Notes that something has happened.
  static func note() {
    shared.condition.withLock {
      shared.count += 1
      shared.condition.broadcast()
    }
  }

  /// How often something has happened.
  static var count: Int { shared.condition.withLock { shared.count } }

  /// Waits until `count` exceeds `seen`, or until `end`.
  static func wait(beyond seen: Int, until end: Date) {
    shared.condition.withLock {
      while shared.count == seen, shared.condition.wait(until: end) {}
    }
  }

  /// A running clock that can be advanced, and that notes when something is about to wait.
  static func clock() -> TurnedClock { TurnedClock(runs: true, aboutToWait: { _ in note() }) }

  /// The longest pause between two checks, in seconds. Other processes do not notify.
  static let longestPause = 0.05
}

/// Waits until `condition` holds. Checks it whenever something has happened, for at most ten seconds by default.
///
/// - Returns: whether it holds.
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
