/// Decides when to tell a service manager's watchdog that the gateway is alive.
///
/// The gateway is alive if each of its event loops has turned since the last look, for which they are woken. If one
/// hangs, the notice is withheld and the watchdog restarts the process: a gateway that accepts connections and answers
/// none is worse than a restart.
package struct WatchdogTimer: Sendable {
  /// Nanoseconds between two looks: half of the watchdog's timeout.
  package let interval: Int64
  private var nextAt: Int64
  private var turns: [UInt64]?

  /// The actions after a look.
  package struct Look: Equatable, Sendable {
    /// Whether to notify the watchdog.
    package var notifies = false
    /// Whether to wake the loops, so that the next look finds whether they turn.
    package var wakes = false

    package init(notifies: Bool = false, wakes: Bool = false) {
      self.notifies = notifies
      self.wakes = wakes
    }
  }

  /// - Parameters:
  ///   - microseconds: `WATCHDOG_USEC`.
  ///   - process: `WATCHDOG_PID`; nil means any process.
  ///   - ownProcess: this process's id.
  /// - Returns: nil if no watchdog waits for this process.
  package init?(microseconds: String?, process: String?, ownProcess: Int32, at now: Int64) {
    guard let microseconds = microseconds.flatMap({ Int64($0) }), microseconds > 1,
      microseconds < .max / 1000, process == nil || process == "\(ownProcess)"
    else { return nil }
    interval = microseconds * 1000 / 2
    nextAt = now
  }

  /// The time of the next look, in nanoseconds of the monotonic clock.
  package var due: Int64 { nextAt }

  /// - Parameters:
  ///   - turns: how often each loop has waited for events so far.
  ///   - endedLoops: the number of loops that have ended, as they do at shutdown. They need not turn.
  package mutating func look(turns: [UInt64], endedLoops: Int = 0, at now: Int64) -> Look {
    guard now >= nextAt else { return Look() }
    // Avoids a series of looks after this process was stopped for a while.
    nextAt = max(nextAt + interval, now + interval / 2)
    let stand = self.turns
    self.turns = turns
    guard let stand else { return Look(notifies: true, wakes: true) }
    let hanging = zip(stand, turns).count { $0 == $1 } - endedLoops
    return Look(notifies: hanging <= 0, wakes: true)
  }
}
