package import Memory

/// Text of callers as the inside of a JSON string: RFC 8259 section 7.
///
/// What comes out is always valid UTF-8 without control characters, whatever goes in: C0 and C1 controls
/// and the line separators U+2028 and U+2029 are escaped, bytes that are no UTF-8 become U+FFFD.
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
      if at < end { at = putSpecial(text, at, end, into: &out) }
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

  /// Writes the character at `at` escaped or checked, and returns the offset behind it.
  private static func putSpecial(
    _ text: RawSpan, _ at: Int, _ end: Int, into out: inout ByteBuffer
  ) -> Int {
    let byte = text[at]
    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
      out.put(UInt8(ascii: "\\"))
      out.put(byte)
      return at + 1
    }
    if byte < 0x80 {
      putEscape(UInt32(byte), into: &out)
      return at + 1
    }
    guard let (scalar, length) = scalar(text, at, end) else {
      out.put("\\ufffd")
      return at + 1
    }
    if scalar < 0xA0 || scalar == 0x2028 || scalar == 0x2029 {
      putEscape(scalar, into: &out)
    } else {
      out.put(text.slice(at, at + length))
    }
    return at + length
  }

  private static func putEscape(_ scalar: UInt32, into out: inout ByteBuffer) {
    out.put("\\u")
    out.put(hexadecimal: UInt64(scalar), width: 4)
  }

  /// Decodes one scalar of two to four bytes, refusing overlong forms and surrogates: RFC 3629.
  static func scalar(_ text: RawSpan, _ at: Int, _ end: Int) -> (UInt32, Int)? {
    let first = text[at]
    let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
    guard first >= 0xC2, first <= 0xF4, at + length <= end else { return nil }
    var value = UInt32(first) & (length == 2 ? 0x1F : length == 3 ? 0x0F : 0x07)
    for i in 1..<length {
      let next = text[at + i]
      guard next & 0xC0 == 0x80 else { return nil }
      value = value << 6 | UInt32(next & 0x3F)
    }
    let least: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000
    guard value >= least, value <= 0x10FFFF, !(0xD800...0xDFFF).contains(value) else { return nil }
    return (value, length)
  }
}
