internal import Memory

/// A path segment of at most 24 bytes as three words, so that comparing it with a literal of the route tree takes a
/// length and three words. Every literal of the API is shorter. A longer segment has no key.
struct SegmentKey: Equatable {
  /// The most bytes a key can hold.
  static let capacity = 24

  /// Number of bytes in the segment.
  private(set) var count = 0
  // The bytes in order, the first one lowest; zero after the last.
  private var first: UInt64 = 0
  private var second: UInt64 = 0
  private var third: UInt64 = 0

  /// The key of the bytes `start..<end` of `path`, without decoding.
  init?(_ path: RawSpan, _ start: Int, _ end: Int) {
    guard end &- start <= SegmentKey.capacity else { return nil }
    var i = start
    if end &- i < 8 {
      first = path.word(from: i, to: end)
      count = end &- start
    } else {
      first = path.word(at: i)
      i &+= 8
      if end &- i >= 8 {
        second = path.word(at: i)
        i &+= 8
        if end &- i >= 8 {
          third = path.word(at: i)
          i &+= 8
        }
      }
      count = i &- start
      let rest = end &- i
      if rest > 0 {
        // The last word that ends with the segment has the rest in its upper bytes.
        place(path.word(at: end &- 8) >> UInt64((8 &- rest) &* 8))
        count = end &- start
      }
    }
  }

  /// The key of the bytes `start..<end` of `path`, with percent-encoded bytes decoded (RFC 3986 section 2.1). `nil` if
  /// none is encoded, or if more than 24 bytes remain. A `%` without two hexadecimal digits is kept, and matches no
  /// literal.
  init?(decoding path: RawSpan, _ start: Int, _ end: Int) {
    guard path.slice(start, end).firstIndex(of: 0x25, from: 0) < end &- start else { return nil }
    var i = start
    while i < end {
      guard count < SegmentKey.capacity else { return nil }
      let byte = path[i]
      if byte == 0x25, end &- i > 2, let high = path[i &+ 1].hexadecimalValue,
        let low = path[i &+ 2].hexadecimalValue
      {
        append(high << 4 | low)
        i &+= 3
      } else {
        append(byte)
        i &+= 1
      }
    }
  }

  private mutating func append(_ byte: UInt8) {
    place(UInt64(byte) << UInt64((count & 7) &* 8))
    count &+= 1
  }

  /// Adds `bits` to the word that the byte at `count` falls into.
  private mutating func place(_ bits: UInt64) {
    switch count >> 3 {
    case 0: first |= bits
    case 1: second |= bits
    default: third |= bits
    }
  }
}
