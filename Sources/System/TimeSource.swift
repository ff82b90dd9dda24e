internal import Synchronization

/// Where a part of the gateway reads the time, and what its waits end by: the system's clocks, or a clock that a test
/// turns.
///
/// Each part gets it when it is made, so that one test can turn the time of a whole gateway. It is a struct with one
/// branch, so that a hot path pays for no dynamic call.
package struct TimeSource: Sendable {
  /// The clocks of the system.
  package static let system = TimeSource()

  /// Nil uses the system's clocks.
  private let turned: TurnedClock?

  private init() { turned = nil }

  package init(_ clock: TurnedClock) { turned = clock }

  /// Nanoseconds that never go back; they stop while the machine sleeps.
  package var monotonic: Int64 { turned?.monotonic ?? SystemClock.monotonic }

  /// Nanoseconds since 1970-01-01T00:00:00Z. May jump in both directions.
  package var wall: Int64 { turned?.wall ?? SystemClock.wall }

  /// How long a wait for `time` may take at the time `now`, in milliseconds for poll(2), rounded up, so that `time` has
  /// passed afterwards; -1 is without end. A stopped clock never ends a wait by itself, only turning it does: see
  /// ``onTurn(_:)``.
  package func milliseconds(until time: Int64, from now: Int64) -> Int32 {
    turned?.aboutToWait?(time)
    if time == .max { return -1 }
    let (left, overflows) = time.subtractingReportingOverflow(now)
    if overflows { return time > now ? .max : 0 }
    if left <= 0 { return 0 }
    if let turned, !turned.runs { return -1 }
    return Int32(clamping: (left - 1) / 1_000_000 + 1)
  }

  /// Makes a test's clock call `wake` whenever it is turned, as long as the result is kept; nil for the system's
  /// clocks, which are never turned. For threads that wait for a time.
  package func onTurn(_ wake: @escaping @Sendable () -> Void) -> AnyObject? {
    turned?.onTurn(wake)
  }
}

extension ThreadSignal {
  /// Waits for ``notify()``, but at most until `time` of `clock`. Blocks its thread. The signal's owner must subscribe
  /// it to turns of the clock; see ``TimeSource/onTurn(_:)``.
  ///
  /// - Returns: whether it was notified.
  @discardableResult
  package func wait(until time: Int64, of clock: TimeSource) -> Bool {
    wait(milliseconds: clock.milliseconds(until: time, from: clock.monotonic))
  }
}

/// A clock that a test turns. Otherwise it stands still, or it runs with the system's clock and can be turned ahead.
package final class TurnedClock: Sendable {
  /// Whether it also runs by itself.
  package let runs: Bool
  /// The first time of a clock that stands still. Not 0, so that a time of 0 remains "never".
  private static let beginning: Int64 = 1_000_000_000_000
  /// The wall-clock time at monotonic 0, so that it is 2026-01-01T00:00:00Z at ``beginning``.
  private static let wallBeginning: Int64 = 1_767_225_600_000_000_000 - beginning

  /// The time of a clock that stands still; of one that runs, how far it is ahead.
  private let turned: Atomic<Int64>
  /// Called with each time for which something is about to wait, on its thread; `Int64.max` is forever.
  fileprivate let aboutToWait: (@Sendable (Int64) -> Void)?
  private let wakes = Mutex<[Int: @Sendable () -> Void]>([:])
  private let numbers = Atomic<Int>(0)

  package init(runs: Bool = false, aboutToWait: (@Sendable (Int64) -> Void)? = nil) {
    self.runs = runs
    self.aboutToWait = aboutToWait
    turned = Atomic(runs ? 0 : TurnedClock.beginning)
  }

  package var monotonic: Int64 {
    turned.load(ordering: .sequentiallyConsistent) &+ (runs ? SystemClock.monotonic : 0)
  }

  package var wall: Int64 {
    turned.load(ordering: .sequentiallyConsistent)
      &+ (runs ? SystemClock.wall : TurnedClock.wallBeginning)
  }

  /// Moves the time on by this many nanoseconds, and wakes everything that waits for a time.
  package func turn(by nanoseconds: Int64) {
    turned.wrappingAdd(nanoseconds, ordering: .sequentiallyConsistent)
    for wake in wakes.withLock({ Array($0.values) }) { wake() }
  }

  fileprivate func onTurn(_ wake: @escaping @Sendable () -> Void) -> Subscription {
    let number = numbers.wrappingAdd(1, ordering: .relaxed).newValue
    wakes.withLock { $0[number] = wake }
    return Subscription(self, number)
  }

  fileprivate final class Subscription: Sendable {
    private let clock: TurnedClock
    private let number: Int

    init(_ clock: TurnedClock, _ number: Int) {
      self.clock = clock
      self.number = number
    }

    deinit { clock.wakes.withLock { _ = $0.removeValue(forKey: number) } }
  }
}
