/// The upper bounds of a histogram's buckets, ascending; one more bucket takes what lies above.
///
/// Few and fixed, so that finding one is a handful of comparisons and every gateway's figures add up. What is counted
/// in them stays with its owner: ``BucketCounts``, or counters that a loop shares with readers.
@usableFromInline package struct Buckets: Equatable, Sendable {
  /// In the unit of what is counted.
  @usableFromInline package let bounds: [Int64]

  package init(bounds: [Int64]) { self.bounds = bounds }

  /// Bounds in milliseconds, for what is counted in nanoseconds.
  package init(milliseconds: [Double]) {
    bounds = milliseconds.map { Int64($0 * 1_000_000) }
  }

  /// Buckets, the one above all bounds included.
  @inlinable
  package var count: Int { bounds.count &+ 1 }

  /// The bucket that takes `value`: the first whose bound is not below it, as Prometheus wants it.
  @inlinable @inline(__always)
  package func index(of value: Int64) -> Int {
    var i = 0
    while i < bounds.count, bounds[i] < value { i &+= 1 }
    return i
  }
}
