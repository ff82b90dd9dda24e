/// The limiter's decision about a call.
package enum Admission: ~Copyable, Sendable {
  /// It starts now. The permit is returned through ``Limiter/release(_:at:)`` when the call has ended.
  case admitted(LimitPermit, LimitReport)
  /// It waits. The ticket becomes due within the predicted nanoseconds, unless something unforeseen happens. It always
  /// becomes due, unless it is cancelled.
  case queued(WaitTicket, predictedWait: Int64)
  case refused(LimitRefusal)
}

/// The right to a call's places in the concurrency limits, to be released exactly once.
///
/// It cannot be copied, so it cannot be released twice. A debug build traps if one is dropped.
package struct LimitPermit: ~Copyable, Sendable {
  /// The limits that count calls in progress.
  let counted: LimitSet
  let app: Int32
  let caller: Int32
  /// When it was taken, in monotonic nanoseconds.
  let takenAt: Int64

  init(counted: LimitSet, app: Int32, caller: Int32, takenAt: Int64) {
    self.counted = counted
    self.app = app
    self.caller = caller
    self.takenAt = takenAt
  }

  deinit { assert(counted.isEmpty, "a permit was dropped instead of released") }

  /// Whether no limit counts the call, so that releasing it does nothing.
  package var isEmpty: Bool { counted.isEmpty }

  /// Ends the permit and returns its numbers to the limiter.
  consuming func end() -> (counted: LimitSet, app: Int, caller: Int, takenAt: Int64) {
    let numbers = (counted, Int(app), Int(caller), takenAt)
    discard self
    return numbers
  }
}

/// What is reported about an admitted call.
package struct LimitReport: Equatable, Sendable, BitwiseCopyable {
  /// The limits that apply to it.
  package var matched = LimitSet()
  /// The limits in shadow that it exceeds: it would have waited.
  package var shadowed = LimitSet()
  /// The limit with the fewest calls left; -1 if none applies.
  package var tightest: Int32 = -1
  /// Seconds until `remaining` is back at its maximum, rounded up; 0 for a limit without a rate.
  package var seconds: Int32 = 0
  /// Calls that may still start immediately under ``tightest``.
  package var remaining: Int64 = .max

  /// The report of a call that no limit applies to.
  package init() {}
}

/// Why a call may not start, and when to try again.
package struct LimitRefusal: Equatable, Sendable, BitwiseCopyable {
  package enum Reason: UInt8, Sendable, BitwiseCopyable {
    /// A limit that refuses is exceeded.
    case exceeded
    /// The queue is full.
    case queueFull
    /// It would have waited longer than allowed.
    case waitTooLong
    /// It waited as long as allowed.
    case waitedInVain
  }

  package var reason: Reason
  /// The limits that prevent it.
  package var violated: LimitSet
  /// Whether the upstream asked for a pause, or is recovering from one.
  package var isUpstreamPaused: Bool
  /// The limit that takes longest; nil if it is the upstream's pause.
  package var tightest: Int?
  /// Nanoseconds until another attempt should pass.
  package var wait: Int64

  /// The value of `Retry-After`: seconds, at least 1.
  package var retryAfter: Int { LimitRefusal.seconds(wait) }

  /// `wait` nanoseconds in whole seconds: rounded up, at least 1.
  static func seconds(_ wait: Int64) -> Int { max(1, Int((wait &+ 999_999_999) / 1_000_000_000)) }
}

/// Identifies one waiting call, for as long as it waits.
package struct WaitTicket: Hashable, Sendable, BitwiseCopyable {
  let index: Int32
  /// Odd while a call waits under this index.
  let generation: UInt32
}

/// A call whose wait has ended.
package struct DueCall: ~Copyable, Sendable {
  package enum Outcome: ~Copyable, Sendable {
    case start(LimitPermit, LimitReport)
    case refused(LimitRefusal)
  }

  package let ticket: WaitTicket
  /// The tag given when it began to wait.
  package let tag: UInt64
  /// How long it waited, in nanoseconds.
  package let waited: Int64
  package let outcome: Outcome

  /// Returns only the outcome, with its permit.
  package consuming func take() -> Outcome { outcome }
}
