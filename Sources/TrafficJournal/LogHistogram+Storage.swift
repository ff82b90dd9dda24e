internal import Histograms
internal import Memory

extension LogHistogram {
  /// Appends the buckets that are not empty: their number, then for each the distance from the previous one and its
  /// count.
  func put(into out: inout ByteBuffer) {
    let filled = filled
    out.put(varint: Int64(filled.count))
    var last = 0
    for (bucket, count) in filled {
      out.put(varint: Int64(bucket - last))
      out.put(varint: Int64(count))
      last = bucket
    }
  }

  /// Adds stored buckets. The file may be damaged, so an impossible bucket ends the reading.
  @_lifetime(reader: copy reader)
  mutating func add(reading reader: inout VarintReader) {
    var bucket = 0
    for _ in 0..<reader.nextCount() {
      bucket &+= Int(clamping: reader.next())
      let count = reader.next()
      guard bucket >= 0, count >= 0 else { return }
      add(UInt32(clamping: count), toBucket: bucket)
    }
  }
}
