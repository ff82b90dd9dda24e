package import Memory

/// Text as the inside of a JSON string: RFC 8259 section 7.
///
/// The output is always valid UTF-8 without control characters, whatever the input. C0 and C1 controls, DEL, and the
/// line separators U+2028 and U+2029 are escaped by their number. Bytes that are not UTF-8 become U+FFFD. So the output
/// is safe in a line of a log and on a terminal.
extension ByteBuffer {
  /// Appends `text` as the inside of a JSON string, without quotation marks.
  package mutating func put(escapingForJSON text: RawSpan) { putPlainInJSON(text, text.byteCount) }

  /// Appends `text` as the inside of a JSON string, without quotation marks.
  package mutating func put(escapingForJSON text: String) {
    put(escapingForJSON: text.utf8.span.bytesOfElements)
  }

  /// Appends at most the first `limit` bytes of `text` as the inside of a JSON string. A longer text ends in `…`.
  package mutating func put(escapingForJSON text: RawSpan, limit: Int) {
    guard text.byteCount > limit else { return putPlainInJSON(text, text.byteCount) }
    putPlainInJSON(text, ByteBuffer.wholeCharacters(text, limit))
    put("\u{2026}")
  }

  /// Appends the part of `text` before `end`, eight bytes at a time.
  @inline(__always)
  private mutating func putPlainInJSON(_ text: RawSpan, _ end: Int) {
    var at = 0
    while at < end {
      // Checked and copied in one step. The zeros after the last bytes, if fewer than eight are left, are not plain.
      let word = at <= end &- 8 ? text.word(at: at) : text.word(from: at, to: end)
      let special = ByteBuffer.specialBytes(word)
      guard special != 0 else {
        put(word: word, count: 8)
        at &+= 8
        continue
      }
      let plain = special.trailingZeroBitCount &>> 3
      put(word: word, count: plain)
      at &+= plain
      if at < end { at = put(escapingForJSON: text, characterAt: at, before: end) }
    }
  }

  /// Appends the character at offset `at` of `text`, which ends at `end`, escaped if necessary. Returns the offset
  /// after it.
  private mutating func put(
    escapingForJSON text: RawSpan, characterAt at: Int, before end: Int
  ) -> Int {
    let byte = text[at]
    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
      put(UInt8(ascii: "\\"))
      put(byte)
      return at + 1
    }
    if byte < 0x80 {
      if ByteBuffer.isPlainInJSON(byte) { put(byte) } else { putJSONEscape(UInt32(byte)) }
      return at + 1
    }
    guard let (scalar, length) = text.scalar(at: at, before: end) else {
      put("\\ufffd")
      return at + 1
    }
    if scalar < 0xA0 || scalar == 0x2028 || scalar == 0x2029 {
      putJSONEscape(scalar)
    } else {
      put(text.slice(at, at + length))
    }
    return at + length
  }

  /// Escapes by number even if there is a letter for it, so readers of the log need to know only one form.
  private mutating func putJSONEscape(_ scalar: UInt32) {
    put("\\u")
    put(hexadecimal: UInt64(scalar), width: 4)
  }

  /// Whether a byte is visible ASCII or a space, but not a quotation mark or a backslash.
  private static func isPlainInJSON(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }

  /// The offset at which `text`, which is longer than `limit` bytes, is cut off. No character is cut in half, because
  /// its remaining bytes would look like damage in what the caller sent.
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

  /// The lowest top bit set in the result belongs to the first byte of `word` that is not visible ASCII or a space, or
  /// that is a quotation mark or a backslash. Higher bits have no meaning. (Anderson, Bit Twiddling Hacks: a byte less
  /// than n, a zero byte.)
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

extension RawSpan {
  /// The Unicode scalar of two to four bytes at offset `at`, and its length in bytes. Nil for ASCII, overlong forms,
  /// surrogates and anything else that RFC 3629 forbids. The text ends at `end`.
  package func scalar(at: Int, before end: Int) -> (scalar: UInt32, length: Int)? {
    let first = self[at]
    let length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
    guard first >= 0xC2, first <= 0xF4, at + length <= end else { return nil }
    var value = UInt32(first) & (length == 2 ? 0x1F : length == 3 ? 0x0F : 0x07)
    for i in 1..<length {
      let next = self[at + i]
      guard next & 0xC0 == 0x80 else { return nil }
      value = value << 6 | UInt32(next & 0x3F)
    }
    let least: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000
    guard value >= least, value <= 0x10FFFF, !(0xD800...0xDFFF).contains(value) else { return nil }
    return (value, length)
  }
}

extension String {
  /// The text as a JSON string with its quotation marks.
  package var quotedAsJSON: String {
    var out = ByteBuffer(capacity: utf8.count + 2)
    out.put(UInt8(ascii: "\""))
    out.put(escapingForJSON: self)
    out.put(UInt8(ascii: "\""))
    return out.bytes.text
  }
}
