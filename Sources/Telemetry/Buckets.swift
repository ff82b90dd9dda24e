/// The upper bounds of a histogram's buckets, ascending; one more bucket takes what lies above.
///
/// Few and fixed, so that finding one is a handful of comparisons and every gateway's figures add up.
package struct Buckets: Sendable {
  /// In the unit of what is counted.
  package let bounds: [Int64]

  /// Buckets, the one above all bounds included.
  package var count: Int { bounds.count + 1 }

  /// Times in nanoseconds: 1 ms to 60 s, the decades cut at 1, 2.5 and 5.
  package static let durations = Buckets(
    bounds: [
      1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000,
    ].map { Int64($0 * 1_000_000) })

  /// Bytes: 256 B to 256 MiB, four times as much each.
  package static let sizes = Buckets(bounds: (0...10).map { Int64(256) << (2 * $0) })

  /// The bucket that takes `value`: the first whose bound is not below it.
  @inline(__always)
  package func index(of value: Int64) -> Int {
    var i = 0
    while i < bounds.count, bounds[i] < value { i &+= 1 }
    return i
  }
}
