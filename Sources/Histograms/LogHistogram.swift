/// Counts of values in buckets that are an eighth of a power of two wide. So the error of a percentile is small, and
/// memory does not grow with the number of values: 488 buckets hold all values of 63 bits.
///
/// For percentiles of the values in one process or file. Metrics need few and fixed buckets: ``BucketCounts``.
package struct LogHistogram: Sendable {
  private static let bitsOfPart = 3
  private static let parts = 1 << bitsOfPart
  /// The bucket of the largest possible value.
  private static let lastBucket = bucket(of: .max)

  /// Has only as many elements as the counted values need.
  private var counts: [UInt32] = []
  /// How many values were counted.
  package private(set) var total = 0

  package init() {}

  /// Counts `value`; a negative one as 0.
  package mutating func add(_ value: Int64) {
    add(1, toBucket: LogHistogram.bucket(of: max(0, value)))
  }

  package mutating func add(_ other: LogHistogram) {
    makeRoom(for: other.counts.count - 1)
    for (bucket, count) in other.counts.enumerated() { counts[bucket] &+= count }
    total += other.total
  }

  /// Counts `count` values of a bucket, as in ``filled``. A bucket after the last counts as the last.
  package mutating func add(_ count: UInt32, toBucket bucket: Int) {
    let bucket = min(max(0, bucket), LogHistogram.lastBucket)
    makeRoom(for: bucket)
    counts[bucket] &+= count
    total += Int(count)
  }

  /// Buckets that are not empty, in their order.
  package var filled: [(bucket: Int, count: UInt32)] {
    counts.enumerated().filter { $0.element > 0 }.map { (bucket: $0.offset, count: $0.element) }
  }

  /// The range of the bucket that holds the value with this rank, where the smallest value has rank 1; nil if there are
  /// fewer values.
  package func values(atRank rank: Int) -> ClosedRange<Int64>? {
    var seen = 0
    for (bucket, count) in counts.enumerated() where count > 0 {
      seen += Int(count)
      if seen >= rank { return LogHistogram.values(of: bucket) }
    }
    return nil
  }

  /// The value that the given `fraction` of all values does not exceed, within 6 %: the middle of its bucket. 0 without
  /// values.
  package func percentile(_ fraction: Double) -> Int64 {
    let rank = max(1, Int((Double(total) * fraction).rounded(.up)))
    guard let values = values(atRank: rank) else { return 0 }
    return values.lowerBound + (values.upperBound - values.lowerBound + 1) / 2
  }

  private mutating func makeRoom(for bucket: Int) {
    if bucket >= counts.count {
      counts.append(contentsOf: repeatElement(0, count: bucket + 1 - counts.count))
    }
  }

  private static func bucket(of value: Int64) -> Int {
    guard value >= parts else { return Int(value) }
    let exponent = 63 - value.leadingZeroBitCount
    let part = Int(value >> Int64(exponent - bitsOfPart)) & (parts - 1)
    return (exponent - bitsOfPart + 1) * parts + part
  }

  private static func values(of bucket: Int) -> ClosedRange<Int64> {
    guard bucket >= parts else { return Int64(bucket)...Int64(bucket) }
    let shift = Int64(bucket / parts - 1)
    let first = Int64(parts + bucket % parts) << shift
    return first...first + ((1 << shift) - 1)
  }
}
