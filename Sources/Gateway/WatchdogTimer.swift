/// When a service manager's watchdog is told that the gateway lives, and whether it does.
///
/// It does if each of its event loops has turned since the last look, for which they are woken. One that hangs keeps the
/// notice back, and the watchdog bites: a gateway that accepts and answers nobody is worse than one that is started again.
package struct WatchdogTimer: Sendable {
  /// Nanoseconds between two looks: half of what the watchdog waits for.
  package let interval: Int64
  private var nextAt: Int64
  private var turns: [UInt64]?

  /// What is to be done now.
  package struct Look: Equatable, Sendable {
    /// The watchdog is told.
    package var notifies = false
    /// The loops are to be woken, so that the next look finds that they turn.
    package var wakes = false

    package init(notifies: Bool = false, wakes: Bool = false) {
      self.notifies = notifies
      self.wakes = wakes
    }
  }

  /// - Parameters:
  ///   - microseconds: `WATCHDOG_USEC`.
  ///   - process: `WATCHDOG_PID`; nil means any.
  ///   - ownProcess: this process' number.
  /// - Returns: nil when no watchdog waits for this process.
  package init?(microseconds: String?, process: String?, ownProcess: Int32, at now: Int64) {
    guard let microseconds = microseconds.flatMap({ Int64($0) }), microseconds > 1,
      microseconds < .max / 1000, process == nil || process == "\(ownProcess)"
    else { return nil }
    interval = microseconds * 1000 / 2
    nextAt = now
  }

  /// When the next look is due, in nanoseconds of the monotonic clock.
  package var due: Int64 { nextAt }

  /// - Parameters:
  ///   - turns: how often each loop has waited for events so far.
  ///   - endedLoops: loops that have ended, as they do when the gateway does; they need not turn.
  package mutating func look(turns: [UInt64], endedLoops: Int = 0, at now: Int64) -> Look {
    guard now >= nextAt else { return Look() }
    // Not one after the other when this process was stopped for a while.
    nextAt = max(nextAt + interval, now + interval / 2)
    let stand = self.turns
    self.turns = turns
    guard let stand else { return Look(notifies: true, wakes: true) }
    let hanging = zip(stand, turns).count { $0 == $1 } - endedLoops
    return Look(notifies: hanging <= 0, wakes: true)
  }
}
