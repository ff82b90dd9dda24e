/// The limiter's decision about a call.
package enum Admission: ~Copyable, Sendable {
  /// It starts now. The permit goes back through ``Limiter/release(_:at:)`` when the call has ended.
  case admitted(LimitPermit, LimitReport)
  /// It waits. The ticket becomes due within the predicted nanoseconds, if nothing unforeseen happens; it
  /// always becomes due, unless cancelled.
  case queued(WaitTicket, predictedWait: Int64)
  case refused(LimitRefusal)
}

/// The right to a place in the concurrency limits of a call, to be released exactly once.
///
/// It cannot be copied, so it cannot be released twice; a debug build traps when one is dropped.
package struct LimitPermit: ~Copyable, Sendable {
  /// The limits that count calls under way.
  let counted: LimitSet
  let app: Int32
  let caller: Int32
  /// Monotonic nanoseconds.
  let takenAt: Int64

  init(counted: LimitSet, app: Int32, caller: Int32, takenAt: Int64) {
    self.counted = counted
    self.app = app
    self.caller = caller
    self.takenAt = takenAt
  }

  deinit { assert(counted.isEmpty, "a permit was dropped instead of released") }

  /// Whether no limit counts the call: releasing it does nothing.
  package var isEmpty: Bool { counted.isEmpty }

  /// Ends the permit; its numbers are the limiter's to work with.
  consuming func end() -> (counted: LimitSet, app: Int, caller: Int, takenAt: Int64) {
    let numbers = (counted, Int(app), Int(caller), takenAt)
    discard self
    return numbers
  }
}

/// What is worth telling about an admitted call.
package struct LimitReport: Equatable, Sendable, BitwiseCopyable {
  /// The limits that apply to it.
  package var matched = LimitSet()
  /// Those in shadow that it exceeds: it would have waited.
  package var shadowed = LimitSet()
  /// The one with the fewest calls left; -1 when none applies.
  package var tightest: Int32 = -1
  /// Seconds until `remaining` is back at its most, rounded up; 0 for a limit without a rate.
  package var seconds: Int32 = 0
  /// Calls that may still start at once under ``tightest``.
  package var remaining: Int64 = .max

  /// The report of a call that no limit applies to.
  package init() {}
}

/// Why a call may not start, and when to try again.
package struct LimitRefusal: Equatable, Sendable, BitwiseCopyable {
  package enum Reason: UInt8, Sendable, BitwiseCopyable {
    /// A limit that refuses is exceeded.
    case exceeded
    /// As many calls wait as may.
    case queueFull
    /// It would have waited longer than it may.
    case waitTooLong
    /// It has waited as long as it may.
    case waitedInVain
  }

  package var reason: Reason
  /// The limits that stand in its way.
  package var violated: LimitSet
  /// Whether the upstream asked for a pause, or is recovering from one.
  package var isUpstreamPaused: Bool
  /// The limit that takes longest; nil when it is the upstream's pause.
  package var tightest: Int?
  /// Nanoseconds until a new try should pass.
  package var wait: Int64

  /// `Retry-After`: seconds, at least 1.
  package var retryAfter: Int { LimitRefusal.seconds(wait) }

  /// `wait` nanoseconds in seconds, rounded up, at least 1.
  static func seconds(_ wait: Int64) -> Int { max(1, Int((wait &+ 999_999_999) / 1_000_000_000)) }
}

/// Names one waiting call, for as long as it waits.
package struct WaitTicket: Hashable, Sendable, BitwiseCopyable {
  let index: Int32
  /// Odd while somebody waits under this index.
  let generation: UInt32
}

/// A call whose wait has ended.
package struct DueCall: ~Copyable, Sendable {
  package enum Outcome: ~Copyable, Sendable {
    case start(LimitPermit, LimitReport)
    case refused(LimitRefusal)
  }

  package let ticket: WaitTicket
  /// As given when it began to wait.
  package let tag: UInt64
  /// Nanoseconds it has waited.
  package let waited: Int64
  package let outcome: Outcome

  /// The outcome by itself, its permit with it.
  package consuming func take() -> Outcome { outcome }
}
