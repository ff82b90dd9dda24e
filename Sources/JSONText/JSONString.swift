package import Memory

/// Decodes the inside of a JSON string to its text.
package enum JSONString {
  /// Appends the text in UTF-8, which is at most as long as the string. Anything that is not an escape of RFC 8259
  /// section 7 is copied unchanged. Half of a surrogate pair becomes U+FFFD.
  package static func putText(of inside: RawSpan, into out: inout ByteBuffer) {
    var at = 0
    while at < inside.byteCount {
      let escape = inside.firstIndex(of: UInt8(ascii: "\\"), from: at)
      out.put(inside.slice(at, escape))
      guard escape < inside.byteCount else { return }
      let (unit, next) = JSONCharacter.read(inside, escape)
      switch unit {
      case .byte(let byte): out.put(byte)
      case .scalar(let scalar): out.put(utf8: scalar)
      }
      at = next
    }
  }

  /// The text as bytes of UTF-8; see ``putText(of:into:)``.
  package static func text(of inside: RawSpan) -> [UInt8] {
    var out = ByteBuffer()
    out.reserve(inside.byteCount)
    putText(of: inside, into: &out)
    return out.bytes.copied()
  }

  /// Whether the string decodes to `literal`, which is ASCII. Any of its characters may be escaped.
  package static func text(of inside: RawSpan, equals literal: StaticString) -> Bool {
    if inside.equals(literal) { return true }
    // A character takes at most six bytes.
    guard inside.byteCount <= 6 * literal.utf8CodeUnitCount,
      inside.firstIndex(of: UInt8(ascii: "\\"), from: 0) < inside.byteCount
    else { return false }
    var plain = ByteBuffer()
    putText(of: inside, into: &plain)
    return plain.bytes.equals(literal)
  }
}

/// One step through the inside of a JSON string.
package enum JSONCharacter {
  /// A byte of plain text, or a part of a longer character in UTF-8.
  case byte(UInt8)
  /// A character that was escaped by its number or, if it is a control character, by a letter.
  case scalar(Unicode.Scalar)

  /// Reads the character at `at`, and returns where the next one begins.
  package static func read(_ text: RawSpan, _ at: Int) -> (JSONCharacter, next: Int) {
    guard text[at] == UInt8(ascii: "\\"), text.has(at + 1) else { return (.byte(text[at]), at + 1) }
    switch text[at + 1] {
    case UInt8(ascii: "b"): return (.scalar("\u{8}"), at + 2)
    case UInt8(ascii: "f"): return (.scalar("\u{C}"), at + 2)
    case UInt8(ascii: "n"): return (.scalar("\n"), at + 2)
    case UInt8(ascii: "r"): return (.scalar("\r"), at + 2)
    case UInt8(ascii: "t"): return (.scalar("\t"), at + 2)
    case UInt8(ascii: "u"):
      guard let first = unit(text, at + 2) else { return (.byte(UInt8(ascii: "u")), at + 2) }
      if first & 0xFC00 == 0xD800, text.has(at + 7), text[at + 6] == UInt8(ascii: "\\"),
        text[at + 7] == UInt8(ascii: "u"), let second = unit(text, at + 8),
        second & 0xFC00 == 0xDC00
      {
        let value = 0x10000 + (first & 0x3FF) << 10 + (second & 0x3FF)
        return (.scalar(Unicode.Scalar(value) ?? "\u{FFFD}"), at + 12)
      }
      return (.scalar(Unicode.Scalar(first) ?? "\u{FFFD}"), at + 6)
    case let other: return (.byte(other), at + 2)
    }
  }

  /// The value of the four hexadecimal digits at `at`.
  private static func unit(_ text: RawSpan, _ at: Int) -> UInt32? {
    guard text.has(at + 3) else { return nil }
    var value: UInt32 = 0
    for i in at..<at + 4 {
      guard let digit = text[i].hexadecimalValue else { return nil }
      value = value << 4 | UInt32(digit)
    }
    return value
  }
}

extension ByteBuffer {
  /// Appends a character in UTF-8 (RFC 3629 section 3).
  mutating func put(utf8 scalar: Unicode.Scalar) {
    let value = scalar.value
    func tail(_ shift: UInt32) -> UInt8 { 0x80 | UInt8(value >> shift & 0x3F) }
    switch value {
    case ..<0x80: put(UInt8(value))
    case ..<0x800:
      put(0xC0 | UInt8(value >> 6))
      put(tail(0))
    case ..<0x10000:
      put(0xE0 | UInt8(value >> 12))
      put(tail(6))
      put(tail(0))
    default:
      put(0xF0 | UInt8(value >> 18))
      put(tail(12))
      put(tail(6))
      put(tail(0))
    }
  }
}
