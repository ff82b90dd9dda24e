internal import Memory

/// Back from a JSON string to text.
extension JSONText {
  /// The text that the inside of a JSON string stands for, in UTF-8. What is no escape of RFC 8259 section 7
  /// stays as it is; half of a surrogate pair becomes U+FFFD.
  package static func plain(_ inside: RawSpan) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(inside.byteCount)
    var at = 0
    while at < inside.byteCount {
      let byte = inside[at]
      guard byte == UInt8(ascii: "\\"), at + 1 < inside.byteCount else {
        out.append(byte)
        at += 1
        continue
      }
      at += 2
      switch inside[at - 1] {
      case UInt8(ascii: "b"): out.append(0x08)
      case UInt8(ascii: "f"): out.append(0x0C)
      case UInt8(ascii: "n"): out.append(0x0A)
      case UInt8(ascii: "r"): out.append(0x0D)
      case UInt8(ascii: "t"): out.append(0x09)
      case UInt8(ascii: "u"): at = putUnicode(inside, at, into: &out)
      case let other: out.append(other)
      }
    }
    return out
  }

  /// Appends the scalar whose four digits stand at `at`, with the second half of a pair. Returns the offset
  /// behind it.
  private static func putUnicode(_ inside: RawSpan, _ at: Int, into out: inout [UInt8]) -> Int {
    guard let first = hexadecimal(inside, at) else {
      out.append(UInt8(ascii: "u"))
      return at
    }
    var value = first
    var end = at + 4
    if first & 0xFC00 == 0xD800, end + 6 <= inside.byteCount, inside[end] == UInt8(ascii: "\\"),
      inside[end + 1] == UInt8(ascii: "u"), let second = hexadecimal(inside, end + 2),
      second & 0xFC00 == 0xDC00
    {
      value = 0x10000 + (first & 0x3FF) << 10 + (second & 0x3FF)
      end += 6
    }
    let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
    out.append(contentsOf: String(scalar).utf8)
    return end
  }

  private static func hexadecimal(_ inside: RawSpan, _ at: Int) -> UInt32? {
    guard at + 4 <= inside.byteCount else { return nil }
    var value: UInt32 = 0
    for i in at..<at + 4 {
      switch inside[i] {
      case let digit where digit &- 0x30 < 10: value = value << 4 | UInt32(digit - 0x30)
      case let letter where letter.asciiLowercased &- 0x61 < 6:
        value = value << 4 | UInt32(letter.asciiLowercased - 0x61 + 10)
      default: return nil
      }
    }
    return value
  }
}
