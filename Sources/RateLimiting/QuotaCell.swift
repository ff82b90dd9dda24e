/// How much of one ``Quota`` is used: the generic cell rate algorithm (GCRA, ITU-T I.371 appendix A), exact.
///
/// The state is a single time, the theoretical arrival time: when the next call would arrive if all arrived at the even
/// pace. A call conforms unless it is ahead of that time by more than the tolerance. This guarantees that in any span
/// of `t` nanoseconds at most `burst + (t + 1) * count / period` calls are taken. The additional nanosecond is what a
/// clock with whole nanoseconds hides, and the price of never drifting.
package struct QuotaCell: Equatable, Sendable, BitwiseCopyable {
  /// Theoretical arrival time in whole nanoseconds; far in the past while unused.
  private var arrival: Int64
  /// Its remainder, in `1/count` ns of the quota it is used with.
  private var arrivalPart: Int64

  private static let unused = Int64.min / 4

  /// Whether a call was ever taken.
  var isUsed: Bool { arrival != QuotaCell.unused }

  /// Creates an unused cell: the whole burst is available.
  package init() {
    arrival = QuotaCell.unused
    arrivalPart = 0
  }

  /// The state, for another process on this machine, which has the same monotonic clock.
  package var words: (arrival: Int64, part: Int64) { (arrival, arrivalPart) }

  /// Creates the cell of another process, for a quota whose rate may differ. A fraction of a nanosecond is rounded up,
  /// and what was used stays used.
  package init(words: (arrival: Int64, part: Int64)) {
    // A cell that was never used stays unused. One in the far future would stop all calls for ever.
    arrival = max(QuotaCell.unused, min(words.arrival, .max / 4))
    arrivalPart = max(0, words.part)
    changeQuota()
  }

  /// Nanoseconds from `now` until one call would conform; 0 if it conforms now. Takes nothing.
  package func wait(_ quota: Quota, at now: Int64) -> Int64 {
    var earliest = arrival &- quota.tolerance
    // The two fractions differ by less than 1 ns, and a call may be late but never early.
    if arrivalPart > quota.tolerancePart { earliest &+= 1 }
    return max(0, earliest &- now)
  }

  /// Takes one call if it conforms, and returns 0. Otherwise takes nothing, and returns the nanoseconds until it would
  /// conform.
  package mutating func take(_ quota: Quota, at now: Int64) -> Int64 {
    let wait = wait(quota, at: now)
    if wait == 0 { spend(quota, at: now) }
    return wait
  }

  /// Takes one call, whether or not it conforms.
  mutating func spend(_ quota: Quota, at now: Int64) {
    if fullAt < now {
      arrival = now
      arrivalPart = 0
    }
    arrival &+= quota.interval
    arrivalPart &+= quota.intervalPart
    if arrivalPart >= quota.count {
      arrivalPart &-= quota.count
      arrival &+= 1
    }
  }

  /// The number of calls that would conform at `now`, 0 to `burst`.
  package func remaining(_ quota: Quota, at now: Int64) -> Int64 {
    if fullAt <= now { return quota.burst }
    if wait(quota, at: now) > 0 { return 0 }
    // (now + tolerance - arrival) * count / period, rounded down, plus the call that fits exactly.
    let ahead = Int128(now &+ quota.tolerance &- arrival) * Int128(quota.count)
    let units = ahead + Int128(quota.tolerancePart &- arrivalPart)
    // One machine division: the quotient is below the burst, so the high half is below the period.
    let (high, low) = (UInt64(truncatingIfNeeded: units >> 64), UInt64(truncatingIfNeeded: units))
    let (more, _) = UInt64(quota.period).dividingFullWidth((high, low))
    return min(quota.burst, Int64(more) &+ 1)
  }

  /// Nanoseconds from `now` until a call would conform if `ahead` others were taken before it, each as soon as it
  /// conforms; at most ``Quota/longestPeriod``.
  package func wait(_ quota: Quota, ahead: Int64, at now: Int64) -> Int64 {
    guard ahead > 0 else { return wait(quota, at: now) }
    let (start, startPart) = fullAt < now ? (now, 0) : (arrival, arrivalPart)
    // In 1/count ns.
    let pace = Int128(quota.period) * Int128(ahead) + Int128(startPart - quota.tolerancePart)
    let count = Int128(quota.count)
    let earliest = Int128(start) - Int128(quota.tolerance) + (pace + count - 1) / count
    return Int64(min(max(0, earliest - Int128(now)), Int128(Quota.longestPeriod)))
  }

  /// Nanoseconds from `now` until the whole burst is available again.
  package func timeUntilFull(at now: Int64) -> Int64 {
    max(0, fullAt &- now)
  }

  /// The first whole nanosecond at or after the theoretical arrival time.
  private var fullAt: Int64 { arrival &+ (arrivalPart > 0 ? 1 : 0) }

  /// The cell for another quota with the same calls used: what was taken stays taken, at whatever speed it becomes
  /// available from now on. Rounded up, so that a change gives nothing away.
  func used(of old: Quota, as new: Quota, at now: Int64) -> QuotaCell {
    guard old != new, fullAt > now else { return self }
    // Calls taken, in units of 2^-20: ahead is below 2^61, and the count at most 2^32.
    let ahead = Int128(fullAt - now)
    let calls = (ahead * Int128(old.count) << 20 + Int128(old.period) - 1) / Int128(old.period)
    let pace = Int128(new.count) << 20
    // At a far lower rate this could exceed the longest period that is measured.
    let time = (min(calls, 1 << 60) * Int128(new.period) + pace - 1) / pace
    var cell = QuotaCell()
    cell.arrival = now &+ Int64(min(time, Int128(Quota.longestPeriod)))
    return cell
  }

  /// Prepares the cell for a quota with another rate: a fraction of a nanosecond is rounded up.
  mutating func changeQuota() {
    if arrivalPart > 0 { arrival &+= 1 }
    arrivalPart = 0
  }
}
