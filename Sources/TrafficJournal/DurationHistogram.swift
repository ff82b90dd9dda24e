internal import Memory

/// Counts of durations in buckets an eighth of a power of two wide, so that a percentile is off by 6 % at most
/// and memory does not grow with the number of calls.
struct DurationHistogram {
  private static let bitsOfPart = 3
  private static let parts = 1 << bitsOfPart

  private var counts: [UInt32] = []
  private(set) var total = 0

  /// Adds a duration in microseconds.
  mutating func add(_ microseconds: Int64) {
    let bucket = DurationHistogram.bucket(max(0, microseconds))
    if bucket >= counts.count {
      counts.append(contentsOf: repeatElement(0, count: bucket + 1 - counts.count))
    }
    counts[bucket] &+= 1
    total += 1
  }

  mutating func add(_ other: DurationHistogram) {
    if other.counts.count > counts.count {
      counts.append(contentsOf: repeatElement(0, count: other.counts.count - counts.count))
    }
    for (bucket, count) in other.counts.enumerated() { counts[bucket] &+= count }
    total += other.total
  }

  /// The duration, in microseconds, that a part of `fraction` of all calls did not exceed; the middle of its
  /// bucket.
  func percentile(_ fraction: Double) -> Int64 {
    guard total > 0 else { return 0 }
    let rank = max(1, Int((Double(total) * fraction).rounded(.up)))
    var sum = 0
    for (bucket, count) in counts.enumerated() {
      sum += Int(count)
      if sum >= rank {
        return (DurationHistogram.start(bucket) + DurationHistogram.start(bucket + 1)) / 2
      }
    }
    return 0
  }

  /// Appends the buckets that are not empty: how many, then of each the distance from the one before and
  /// its count.
  func put(into out: inout ByteBuffer) {
    out.put(varint: Int64(counts.count { $0 > 0 }))
    var last = 0
    for (bucket, count) in counts.enumerated() where count > 0 {
      out.put(varint: Int64(bucket - last))
      out.put(varint: Int64(count))
      last = bucket
    }
  }

  /// Adds stored buckets.
  @_lifetime(reader: copy reader)
  mutating func add(reading reader: inout VarintReader) {
    var bucket = 0
    for _ in 0..<reader.nextCount() {
      bucket = min(DurationHistogram.bucketLimit, bucket &+ Int(clamping: reader.next()))
      let count = reader.next()
      guard bucket >= 0, count >= 0 else { return }
      if bucket >= counts.count {
        counts.append(contentsOf: repeatElement(0, count: bucket + 1 - counts.count))
      }
      counts[bucket] &+= UInt32(clamping: count)
      total += Int(count)
    }
  }

  /// The bucket of the longest duration there is.
  private static let bucketLimit = bucket(.max)

  private static func bucket(_ value: Int64) -> Int {
    guard value >= parts else { return Int(value) }
    let exponent = 63 - value.leadingZeroBitCount
    let part = Int(value >> Int64(exponent - bitsOfPart)) & (parts - 1)
    return (exponent - bitsOfPart + 1) * parts + part
  }

  private static func start(_ bucket: Int) -> Int64 {
    guard bucket >= parts else { return Int64(bucket) }
    let exponent = bucket / parts - 1 + bitsOfPart
    return (Int64(1) << exponent) + Int64(bucket % parts) << (exponent - bitsOfPart)
  }
}
