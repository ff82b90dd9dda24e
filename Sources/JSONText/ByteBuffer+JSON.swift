/// Text as the inside of a JSON string: RFC 8259 section 7.
///
/// What comes out is always valid UTF-8 without control characters, whatever goes in: C0 and C1 controls,
/// DEL and the line separators U+2028 and U+2029 are escaped by their number, bytes that are no UTF-8 become
/// U+FFFD. So it can stand in a line of a log, and on a terminal.
extension ByteBuffer {
  /// Appends `text` as the inside of a JSON string, without quotation marks.
  package mutating func put(escapingForJSON text: RawSpan) {
    var at = 0
    while at < text.byteCount {
      let start = at
      while at < text.byteCount, ByteBuffer.isPlainInJSON(text[at]) { at &+= 1 }
      put(text.slice(start, at))
      if at < text.byteCount {
        at = put(escapingForJSON: text, characterAt: at, before: text.byteCount)
      }
    }
  }

  /// Appends `text` as the inside of a JSON string, without quotation marks.
  package mutating func put(escapingForJSON text: String) {
    put(escapingForJSON: text.utf8.span.bytesOfElements)
  }

  /// Appends the character that begins at offset `at` of `text`, which ends at `end`: escaped where it has to
  /// be. Returns the offset behind it.
  package mutating func put(
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

  /// By its number also where there is a letter for it: readers of the log know one form.
  private mutating func putJSONEscape(_ scalar: UInt32) {
    put("\\u")
    put(hexadecimal: UInt64(scalar), width: 4)
  }

  /// Visible ASCII and the space, but for quotation mark and backslash.
  private static func isPlainInJSON(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }
}

extension RawSpan {
  /// The Unicode scalar of two to four bytes that begins at offset `at`, and its length in bytes; nil for
  /// ASCII, overlong forms, surrogates and what else RFC 3629 forbids. `end` is where the text ends.
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
