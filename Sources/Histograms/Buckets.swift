/// The upper bounds of a histogram's buckets, ascending. One more bucket takes the values above all bounds.
///
/// Few and fixed, so that finding one takes a handful of comparisons, and so that the figures of all gateways can be
/// added. The counts are kept by the owner: ``BucketCounts``, or counters that a loop shares with readers.
@usableFromInline package struct Buckets: Equatable, Sendable {
  /// The bounds, in the unit of what is counted.
  @usableFromInline package let bounds: [Int64]

  package init(bounds: [Int64]) { self.bounds = bounds }

  /// Bounds in milliseconds, for values in nanoseconds.
  package init(milliseconds: [Double]) {
    bounds = milliseconds.map { Int64($0 * 1_000_000) }
  }

  /// The number of buckets, including the one above all bounds.
  @inlinable
  package var count: Int { bounds.count &+ 1 }

  /// The bucket for `value`: the first whose bound is at least `value`, as Prometheus requires.
  @inlinable @inline(__always)
  package func index(of value: Int64) -> Int {
    var i = 0
    while i < bounds.count, bounds[i] < value { i &+= 1 }
    return i
  }
}
