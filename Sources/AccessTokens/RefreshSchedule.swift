/// When tokens are renewed and failed fetches are repeated. This is only arithmetic; random values are passed in.
///
/// Every time is in nanoseconds of the monotonic clock, so a jump of the wall clock changes nothing. `random` is any
/// uniformly distributed 64-bit value. The jitter prevents slots, and the gateways of a fleet, from fetching in step.
package struct RefreshSchedule: Sendable {
  /// Renewal happens within these hundredths of a token's lifetime.
  package var renewal: ClosedRange<Int64> = 70...80
  /// Least time between the starts of two fetches for one slot, in any case.
  package var minimumInterval: Int64 = 500 * Nanoseconds.millisecond
  /// Upper end of the first backoff step; doubled after every further failure.
  package var firstBackoff: Int64 = 1 * Nanoseconds.second
  /// Upper end of the last backoff step.
  package var maximumBackoff: Int64 = 30 * Nanoseconds.second
  /// The wait after a refusal that only a change of configuration can resolve; up to twice as long.
  package var refusedHoldOff: Int64 = 30 * Nanoseconds.second
  /// Longest `Retry-After` that is honoured: a mistaken "3600" must not stop the gateway for an hour.
  package var maximumRetryAfter: Int64 = 60 * Nanoseconds.second
  /// How long an operation that is refused with a fresh token too gets no further one; doubled each time.
  package var firstRefusalPause: Int64 = 10 * Nanoseconds.second
  /// Longest such pause. If it passes without a refusal, the next refusal counts as the first.
  package var maximumRefusalPause: Int64 = 300 * Nanoseconds.second

  /// How long callers wait for a token, each within its own deadline, after a secret that had worked is refused.
  package var rotationGrace: Int64 = 30 * Nanoseconds.second
  /// Least time between two fetches that one operation causes only to find out whether a refused Basic credential is
  /// still good.
  package var basicCheckInterval: Int64 = 10 * Nanoseconds.second

  package init() {}

  /// The time from which a token must not be sent any more.
  ///
  /// Counted from before the token was requested, because the endpoint may have started its clock then. Of that, min(5
  /// s, 5 %) is subtracted for the way to the upstream.
  package func usableUntil(requestedAt: Int64, lifetime: Int64) -> Int64 {
    let margin = min(5 * Nanoseconds.second, lifetime / 20)
    return requestedAt.addingWithoutOverflow(lifetime &- margin)
  }

  /// When to renew a token: at 70–80 % of its lifetime, and max(10 s, 10 %) before its expiry if the lifetime is long
  /// enough to allow that after 70 %. Never sooner than ``minimumInterval`` after the request.
  package func renewAt(requestedAt: Int64, lifetime: Int64, random: UInt64) -> Int64 {
    let hundredth = lifetime / 100
    let span = (renewal.upperBound - renewal.lowerBound) * hundredth
    let jittered = renewal.lowerBound * hundredth + random.scaled(to: span)
    let lead = max(10 * Nanoseconds.second, lifetime / 10)
    let latest = max(renewal.lowerBound * hundredth, lifetime &- lead)
    return requestedAt.addingWithoutOverflow(max(minimumInterval, min(jittered, latest)))
  }

  /// When to try again after `failure`, the `attempt`th in a row (from 1).
  ///
  /// Exponential backoff with full jitter, at least ``minimumInterval``; `Retry-After` and refusals lengthen it.
  package func retryAt(
    after failure: TokenFailure, attempt: Int, now: Int64, random: UInt64
  ) -> Int64 {
    let doublings = min(max(attempt, 1) - 1, 20)
    let step = min(maximumBackoff, firstBackoff << Int64(doublings))
    var wait = max(minimumInterval, random.scaled(to: step))
    if let asked = failure.retryAfter, asked > 0 {
      let honoured = min(asked, maximumRetryAfter)
      wait = max(wait, honoured + random.scaled(to: honoured / 10))
    }
    if failure.needsOperator {
      wait = max(wait, refusedHoldOff + random.scaled(to: refusedHoldOff))
    }
    return now.addingWithoutOverflow(wait)
  }

  /// How long an operation pauses after the `count`th fresh token in a row (from 1) with which it was refused.
  package func refusalPause(count: Int) -> Int64 {
    min(maximumRefusalPause, firstRefusalPause << Int64(min(max(count, 1) - 1, 20)))
  }
}

extension UInt64 {
  /// Maps a uniformly distributed value to `0 ... bound`.
  func scaled(to bound: Int64) -> Int64 {
    guard bound > 0 else { return 0 }
    return Int64(multipliedFullWidth(by: UInt64(bound) + 1).high)
  }
}

extension Int64 {
  /// The sum, clamped to the range: a far-off time stays far off.
  func addingWithoutOverflow(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other > 0 ? .max : .min) : sum
  }
}
