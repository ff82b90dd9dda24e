/// A histogram as metrics present it: how many values are in each of a few fixed buckets, and the sum of all values.
///
/// For figures that a scraper adds up over time and gateways. Percentiles need finer buckets: ``LogHistogram``.
package struct BucketCounts: Equatable, Sendable {
  package let buckets: Buckets
  /// The number of values in each bucket, not cumulative; the last bucket has no bound.
  package private(set) var counts: [UInt64]
  /// The sum of all values, in their unit.
  package private(set) var sum: UInt64 = 0

  package init(_ buckets: Buckets) {
    self.buckets = buckets
    counts = Array(repeating: 0, count: buckets.count)
  }

  /// Counts `value`; a negative one as 0.
  package mutating func add(_ value: Int64) {
    let value = max(0, value)
    counts[buckets.index(of: value)] &+= 1
    sum &+= UInt64(value)
  }

  /// How many values were counted.
  package var total: UInt64 { counts.reduce(0, &+) }
}
