package import Memory

/// Text of callers as the inside of a JSON string: RFC 8259 section 7.
///
/// As `ByteBuffer.put(escapingForJSON:)`, of which it takes the rare characters, with a limit, and eight bytes
/// at a time.
package enum JSONText {
  /// Appends `text`, of which at most `limit` bytes count; a longer one ends in `…`.
  package static func put(_ text: RawSpan, limit: Int, into out: inout ByteBuffer) {
    var end = min(text.byteCount, limit)
    // No character is cut in half: the bytes left of it would read as damage that nobody sent.
    var steps = 0
    while end < text.byteCount, end > 0, steps < 3, text[end] & 0xC0 == 0x80 {
      end &-= 1
      steps &+= 1
    }
    var at = 0
    while at < end {
      let run = plainEnd(text, at, end)
      if run > at { out.put(text.slice(at, run)) }
      guard run < end else { break }
      at = out.put(escapingForJSON: text, characterAt: run, before: end)
    }
    if text.byteCount > limit { out.put("\u{2026}") }
  }

  /// The offset of the first byte of `start..<end` that cannot stand in a JSON string as it is; `end` when
  /// all can.
  @inline(__always)
  private static func plainEnd(_ text: RawSpan, _ start: Int, _ end: Int) -> Int {
    var at = start
    while at <= end &- 8 {
      let special = specialBytes(text.word(at: at))
      if special != 0 { return at &+ (special.trailingZeroBitCount &>> 3) }
      at &+= 8
    }
    // What is left, fewer than eight: the zeros behind the last byte are not plain.
    let special = specialBytes(text.word(from: at, to: end))
    return min(end, at &+ (special.trailingZeroBitCount &>> 3))
  }

  /// The lowest top bit set in it is that of the first byte of `word` that is not visible ASCII or a space, or
  /// is a quote or a backslash; bits above that say nothing. (Anderson, Bit Twiddling Hacks: a byte less than
  /// n, a zero byte.)
  @inline(__always)
  private static func specialBytes(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quote = word ^ (ones &* 0x22)
    let backslash = word ^ (ones &* 0x5C)
    let del = word ^ (ones &* 0x7F)
    let control = (word &- (ones &* 0x20)) & ~word
    let equal =
      (quote &- ones) & ~quote | (backslash &- ones) & ~backslash | (del &- ones) & ~del
    return (control | equal | word) & (ones &* 0x80)
  }
}
