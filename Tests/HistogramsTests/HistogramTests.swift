import Testing

@testable import Histograms

@Suite("Counts in few buckets")
struct BucketCountsTests {
  @Test(
    "a value lies in the first bucket whose bound is not below it",
    arguments: [(-1, 0), (0, 0), (10, 0), (11, 1), (20, 1), (21, 2), (.max, 2)] as [(Int64, Int)])
  func places(value: Int64, place: Int) {
    let buckets = Buckets(bounds: [10, 20])
    #expect(buckets.count == 3)
    #expect(buckets.index(of: value) == place)
    var counts = BucketCounts(buckets)
    counts.add(value)
    #expect(counts.counts.firstIndex(of: 1) == place)
    #expect(counts.total == 1)
    #expect(counts.sum == UInt64(max(0, value)))
  }

  @Test("bounds told in milliseconds are nanoseconds")
  func milliseconds() {
    #expect(Buckets(milliseconds: [1, 2.5]).bounds == [1_000_000, 2_500_000])
  }
}

@Suite("Counts in fine buckets")
struct LogHistogramTests {
  @Test(
    "a bucket holds the values counted in it, and is an eighth of a power of two wide",
    arguments: [0, 1, 7, 8, 9, 15, 16, 17, 1000, 1_234_567, 86_400_000_000, .max] as [Int64])
  func width(value: Int64) throws {
    var histogram = LogHistogram()
    histogram.add(value)
    let values = try #require(histogram.values(atRank: 1))
    #expect(values.contains(value))
    #expect(values.upperBound - values.lowerBound <= value / 8)
    let middle = histogram.percentile(0.5)
    #expect(values.contains(middle))
    #expect((middle - value).magnitude <= UInt64(value) / 16 + 1)
  }

  @Test("buckets follow one another without a gap")
  func noGap() throws {
    var histogram = LogHistogram()
    let count = 488
    for bucket in 0..<count { histogram.add(1, toBucket: bucket) }
    var next: Int64 = 0
    for rank in 1...count {
      let values = try #require(histogram.values(atRank: rank))
      #expect(values.lowerBound == next)
      next = values.upperBound &+ 1
    }
    // The last bucket ends with the largest value.
    #expect(next == .min)
    #expect(histogram.values(atRank: count + 1) == nil)
  }

  @Test("percentiles are those of the values, within 6 %")
  func percentiles() {
    var histogram = LogHistogram()
    for value in 1...10_000 as ClosedRange<Int64> { histogram.add(value) }
    for (fraction, exact) in [(0.0, 1), (0.5, 5_000), (0.95, 9_500), (0.99, 9_900), (1, 10_000)] {
      #expect(
        (Double(histogram.percentile(fraction)) - Double(exact)).magnitude <= Double(exact) * 0.0625
      )
    }
    #expect(LogHistogram().percentile(0.5) == 0)
  }

  @Test("two added up are the same as one that counted everything, also by way of their buckets")
  func sums() {
    var (one, other, all, stored) = (
      LogHistogram(), LogHistogram(), LogHistogram(), LogHistogram()
    )
    for value in [0, 3, 90, 5_000, 5_001] as [Int64] {
      one.add(value)
      all.add(value)
    }
    for value in [90, 1_000_000, -4] as [Int64] {
      other.add(value)
      all.add(value)
    }
    one.add(other)
    for (bucket, count) in one.filled { stored.add(count, toBucket: bucket) }
    for histogram in [one, stored] {
      #expect(histogram.total == 8)
      #expect(histogram.filled.map(\.bucket) == all.filled.map(\.bucket))
      #expect(histogram.filled.map(\.count) == all.filled.map(\.count))
    }
  }

  @Test("a stored bucket beyond the last counts as the last, and counts of any size add up")
  func stored() {
    var histogram = LogHistogram()
    histogram.add(.max, toBucket: .max)
    histogram.add(.max, toBucket: -1)
    #expect(histogram.filled.map(\.bucket) == [0, 487])
    #expect(histogram.total == 2 * Int(UInt32.max))
  }
}
