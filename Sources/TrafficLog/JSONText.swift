package import Memory

/// Text of callers as the inside of a JSON string: RFC 8259 section 7.
///
/// As `ByteBuffer.put(escapingForJSON:)`, of which it takes the rare characters, with a limit, and eight bytes
/// at a time.
package enum JSONText {
  /// Appends `text`, of which at most `limit` bytes count; a longer one ends in `…`.
  package static func put(_ text: RawSpan, limit: Int, into out: inout ByteBuffer) {
    let end = text.byteCount <= limit ? text.byteCount : wholeCharacters(text, limit)
    var at = 0
    while at < end {
      // Looked at and copied in one go. The zeros behind the last bytes, fewer than eight, are not plain.
      let word = at <= end &- 8 ? text.word(at: at) : text.word(from: at, to: end)
      let special = specialBytes(word)
      guard special != 0 else {
        out.put(word: word, count: 8)
        at &+= 8
        continue
      }
      let plain = special.trailingZeroBitCount &>> 3
      out.put(word: word, count: plain)
      at &+= plain
      if at < end { at = out.put(escapingForJSON: text, characterAt: at, before: end) }
    }
    if text.byteCount > limit { out.put("\u{2026}") }
  }

  /// Where `text` is cut off to have at most `limit` bytes, fewer than there are. No character is cut in half: the
  /// bytes left of it would read as damage that nobody sent.
  @inline(never)
  private static func wholeCharacters(_ text: RawSpan, _ limit: Int) -> Int {
    var end = limit
    var steps = 0
    while end > 0, steps < 3, text[end] & 0xC0 == 0x80 {
      end &-= 1
      steps &+= 1
    }
    return end
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
