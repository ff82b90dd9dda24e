/// How many calls may start in a period: a rate, and how many may start at once after a rest.
///
/// All times are in nanoseconds. The time between two calls, `period / count`, is rarely a whole number of nanoseconds.
/// The remainder is kept as a numerator over `count`, so a quota neither gains nor loses a call over any length of
/// time.
package struct Quota: Equatable, Sendable, BitwiseCopyable {
  /// Calls in one ``period``, at least 1.
  package let count: Int64
  /// Nanoseconds, from 1 to ``longestPeriod``.
  package let period: Int64
  /// Calls that may start at the same instant after a rest, at least 1.
  package let burst: Int64
  /// Whole nanoseconds between two calls.
  let interval: Int64
  /// The remainder of the time between two calls, in `1/count` ns.
  let intervalPart: Int64
  /// How far ahead of its even pace a caller may be: `(burst - 1) * period / count`, in whole nanoseconds.
  let tolerance: Int64
  /// The remainder of the tolerance, in `1/count` ns.
  let tolerancePart: Int64

  /// 2^60 ns, or 36 years: sums of two such times and a monotonic clock fit in 64 bits.
  package static let longestPeriod: Int64 = 1 << 60

  /// Allows `count` calls every `period` nanoseconds, `burst` of them at once. Values out of range are clamped.
  package init(count: Int64, period: Int64, burst: Int64) {
    let count = min(max(1, count), 1 << 32)
    let period = min(max(1, period), Quota.longestPeriod)
    var burst = min(max(1, burst), 1 << 32)
    interval = period / count
    intervalPart = period % count
    var ahead = Int128(period) * Int128(burst - 1)
    if ahead / Int128(count) > Int128(Quota.longestPeriod) {
      // The burst is limited to what fills up again in 36 years.
      burst = Int64(Int128(Quota.longestPeriod) * Int128(count) / Int128(period)) + 1
      ahead = Int128(period) * Int128(burst - 1)
    }
    tolerance = Int64(ahead / Int128(count))
    tolerancePart = Int64(ahead % Int128(count))
    self.count = count
    self.period = period
    self.burst = burst
  }

  /// The part of this quota that each of `replicas` gateways may use.
  ///
  /// The period is stretched, so the rate is divided exactly. The burst is rounded down, but is at least 1: with more
  /// replicas than `burst`, together they may start `replicas` calls at once.
  package func divided(among replicas: Int) -> Quota {
    let replicas = Int64(max(1, replicas))
    let (stretched, overflow) = period.multipliedReportingOverflow(by: replicas)
    return Quota(
      count: count, period: overflow ? Quota.longestPeriod : stretched, burst: burst / replicas)
  }
}
