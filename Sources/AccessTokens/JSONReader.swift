internal import Memory

/// A strict reader of one JSON object (RFC 8259) over borrowed bytes.
///
/// Small on purpose: it walks the members of the outer object, hands out strings and numbers, and skips
/// what nobody asks for. No value is copied but the string that is asked for, since that one may be a
/// token. A byte order mark, a comment, a trailing comma or text behind the object is refused.
struct JSONReader: ~Escapable {
  /// Deepest nesting that is skipped; a deeper value is refused. Bounds the recursion.
  static let maximumDepth = 16

  private let bytes: RawSpan
  private var at = 0

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan) { self.bytes = bytes }

  /// The byte the next token begins with, white space skipped; nil at the end.
  mutating func peek() -> UInt8? {
    while at < bytes.byteCount {
      switch bytes[at] {
      case 0x20, 0x09, 0x0a, 0x0d: at += 1
      default: return bytes[at]
      }
    }
    return nil
  }

  private mutating func take(_ byte: UInt8) throws(TokenAnswerDefect) {
    guard peek() == byte else { throw .notJSON }
    at += 1
  }

  mutating func beginObject() throws(TokenAnswerDefect) { try take(UInt8(ascii: "{")) }

  /// Reads the next member's name into `name` up to the value; false when the object has ended, and
  /// then nothing may follow it.
  mutating func nextMember(
    isFirst: Bool, name: inout ByteBuffer
  ) throws(TokenAnswerDefect) -> Bool {
    if peek() == UInt8(ascii: "}") {
      at += 1
      guard peek() == nil else { throw .notJSON }
      return false
    }
    if !isFirst {
      try take(UInt8(ascii: ","))
    }
    try readString(into: &name)
    try take(UInt8(ascii: ":"))
    return true
  }

  /// Reads a string into `text`, escapes resolved, replacing what was there.
  mutating func readString(into text: inout ByteBuffer) throws(TokenAnswerDefect) {
    try take(UInt8(ascii: "\""))
    text.overwriteWithZeros()
    // At once: a buffer that grows leaves a copy behind, and this may be a token. Escapes only shrink.
    text.reserve(bytes.byteCount - at)
    while at < bytes.byteCount {
      let byte = bytes[at]
      at += 1
      switch byte {
      case UInt8(ascii: "\""): return
      case UInt8(ascii: "\\"): try readEscape(into: &text)
      case 0..<0x20: throw .notJSON
      default: text.put(byte)
      }
    }
    throw .notJSON
  }

  private mutating func readEscape(into text: inout ByteBuffer) throws(TokenAnswerDefect) {
    guard at < bytes.byteCount else { throw .notJSON }
    let byte = bytes[at]
    at += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.put(byte)
    case UInt8(ascii: "b"): text.put(0x08)
    case UInt8(ascii: "f"): text.put(0x0c)
    case UInt8(ascii: "n"): text.put(0x0a)
    case UInt8(ascii: "r"): text.put(0x0d)
    case UInt8(ascii: "t"): text.put(0x09)
    case UInt8(ascii: "u"):
      var unit = try readFourHexadecimalDigits()
      if unit & 0xfc00 == 0xd800 {
        guard at + 2 <= bytes.byteCount, bytes[at] == UInt8(ascii: "\\"),
          bytes[at + 1] == UInt8(ascii: "u")
        else { throw .notJSON }
        at += 2
        let low = try readFourHexadecimalDigits()
        guard low & 0xfc00 == 0xdc00 else { throw .notJSON }
        unit = 0x10000 + ((unit & 0x3ff) << 10 | (low & 0x3ff))
      }
      guard let scalar = Unicode.Scalar(unit) else { throw .notJSON }
      text.put(text: String(scalar))
    default: throw .notJSON
    }
  }

  private mutating func readFourHexadecimalDigits() throws(TokenAnswerDefect) -> UInt32 {
    guard at + 4 <= bytes.byteCount else { throw .notJSON }
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(bytes[at])).hexDigitValue, bytes[at] < 0x80 else {
        throw .notJSON
      }
      value = value << 4 | UInt32(digit)
      at += 1
    }
    return value
  }

  /// A number as the decimal integer it is; nil for one with a fraction or an exponent, or beyond 64 bits.
  mutating func readNumber() throws(TokenAnswerDefect) -> Int64? {
    let start = at
    if at < bytes.byteCount && bytes[at] == UInt8(ascii: "-") { at += 1 }
    let firstDigit = at
    try skipDigits()
    if bytes[firstDigit] == UInt8(ascii: "0") && at > firstDigit + 1 { throw .notJSON }
    var isInteger = true
    if at < bytes.byteCount && bytes[at] == UInt8(ascii: ".") {
      isInteger = false
      at += 1
      try skipDigits()
    }
    if at < bytes.byteCount && bytes[at] | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      at += 1
      if at < bytes.byteCount
        && (bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-"))
      {
        at += 1
      }
      try skipDigits()
    }
    return isInteger ? Int64(bytes.slice(start, at).text) : nil
  }

  private mutating func skipDigits() throws(TokenAnswerDefect) {
    let start = at
    while at < bytes.byteCount && bytes[at] &- UInt8(ascii: "0") < 10 { at += 1 }
    if at == start { throw .notJSON }
  }

  /// Skips one value of any kind. `scratch` is overwritten.
  mutating func skipValue(scratch: inout ByteBuffer, depth: Int = 0) throws(TokenAnswerDefect) {
    guard depth < Self.maximumDepth, let byte = peek() else { throw .notJSON }
    switch byte {
    case UInt8(ascii: "\""): try readString(into: &scratch)
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      let isObject = byte == UInt8(ascii: "{")
      let end = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
      at += 1
      if peek() == end {
        at += 1
        return
      }
      while true {
        if isObject {
          try readString(into: &scratch)
          try take(UInt8(ascii: ":"))
        }
        try skipValue(scratch: &scratch, depth: depth + 1)
        if peek() == end { break }
        try take(UInt8(ascii: ","))
      }
      at += 1
    case UInt8(ascii: "t"): try skipWord("true")
    case UInt8(ascii: "f"): try skipWord("false")
    case UInt8(ascii: "n"): try skipWord("null")
    default: _ = try readNumber()
    }
  }

  private mutating func skipWord(_ word: StaticString) throws(TokenAnswerDefect) {
    let end = at + word.utf8CodeUnitCount
    guard end <= bytes.byteCount, bytes.slice(at, end).equals(word) else { throw .notJSON }
    at = end
  }
}
