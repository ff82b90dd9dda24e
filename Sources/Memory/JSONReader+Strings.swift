/// Strings.
extension JSONReader {
  /// A string: where what is between its quotation marks stands, escapes as they are.
  ///
  /// - Parameter allowsLoneSurrogates: takes escapes for half a character; the grammar does (RFC 8259
  ///   section 8.2).
  @_lifetime(self: copy self)
  package mutating func stringBounds(
    allowsLoneSurrogates: Bool = false
  ) throws(JSONDefect) -> Range<Int> {
    guard take(UInt8(ascii: "\"")) else { throw defect(.value) }
    let start = offset
    while try skipPlainText() == UInt8(ascii: "\\") {
      _ = try escape(allowsLoneSurrogates: allowsLoneSurrogates)
    }
    offset += 1
    return start..<offset - 1
  }

  /// Appends what a string stands for, in UTF-8: at most as many bytes as it has in the text.
  @_lifetime(self: copy self)
  package mutating func readString(into out: inout ByteBuffer) throws(JSONDefect) {
    guard take(UInt8(ascii: "\"")) else { throw defect(.value) }
    while true {
      let start = offset
      let mark = try skipPlainText()
      out.put(bytes.slice(start, offset))
      guard mark == UInt8(ascii: "\\") else { break }
      let value = try escape(allowsLoneSurrogates: false)
      out.put(text: String(Unicode.Scalar(value) ?? "\u{FFFD}"))
    }
    offset += 1
  }

  /// Goes to the next quotation mark or backslash, and returns which it is.
  @_lifetime(self: copy self)
  private mutating func skipPlainText() throws(JSONDefect) -> UInt8 {
    while let byte {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): return byte
      case 0..<0x20: throw defect(.noControlCharacter)
      case 0x20..<0x80: offset += 1
      default:
        guard let (_, length) = bytes.scalar(at: offset, before: bytes.byteCount) else {
          throw defect(.utf8)
        }
        offset += length
      }
    }
    throw defect(.stringEnd)
  }

  /// Takes an escape and returns the scalar it stands for, or half a pair where that is allowed.
  @_lifetime(self: copy self)
  private mutating func escape(allowsLoneSurrogates: Bool) throws(JSONDefect) -> UInt32 {
    offset += 1
    guard let letter = byte else { throw defect(.stringEnd) }
    let value: UInt32
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): value = UInt32(letter)
    case UInt8(ascii: "b"): value = 0x08
    case UInt8(ascii: "f"): value = 0x0C
    case UInt8(ascii: "n"): value = 0x0A
    case UInt8(ascii: "r"): value = 0x0D
    case UInt8(ascii: "t"): value = 0x09
    case UInt8(ascii: "u"):
      offset += 1
      return try codePoint(allowsLoneSurrogates: allowsLoneSurrogates)
    default: throw defect(.escape)
    }
    offset += 1
    return value
  }

  /// What four digits stand for; with a second escape where UTF-16 needs two.
  @_lifetime(self: copy self)
  private mutating func codePoint(allowsLoneSurrogates: Bool) throws(JSONDefect) -> UInt32 {
    let unit = try fourDigits()
    let end = offset
    if unit & 0xFC00 == 0xD800, remaining >= 2, bytes[offset] == UInt8(ascii: "\\"),
      bytes[offset + 1] == UInt8(ascii: "u")
    {
      offset += 2
      let low = try fourDigits()
      if low & 0xFC00 == 0xDC00 { return 0x10000 + ((unit & 0x3FF) << 10 | low & 0x3FF) }
      offset = end
    }
    guard allowsLoneSurrogates || unit & 0xF800 != 0xD800 else { throw defect(.surrogatePair) }
    return unit
  }

  @_lifetime(self: copy self)
  private mutating func fourDigits() throws(JSONDefect) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      switch byte {
      case let digit? where digit &- 0x30 < 10: value = value << 4 | UInt32(digit - 0x30)
      case let letter? where letter.asciiLowercased &- 0x61 < 6:
        value = value << 4 | UInt32(letter.asciiLowercased - 0x61 + 10)
      default: throw defect(.hexadecimalDigit)
      }
      offset += 1
    }
    return value
  }
}
