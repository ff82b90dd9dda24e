internal import Memory

/// One step through the inside of a JSON string that ``JSONText`` wrote.
enum JSONCharacter {
  /// A byte that stands for itself, or is part of a longer character in UTF-8.
  case byte(UInt8)
  /// A character that was escaped by its number.
  case scalar(Unicode.Scalar)

  /// Reads what is at `at`, and says where the next one begins.
  static func read(_ text: RawSpan, _ at: Int) -> (JSONCharacter, next: Int) {
    guard text[at] == UInt8(ascii: "\\"), at + 1 < text.byteCount else {
      return (.byte(text[at]), at + 1)
    }
    switch text[at + 1] {
    case UInt8(ascii: "u"):
      guard at + 6 <= text.byteCount else { return (.byte(text[at]), at + 1) }
      var value: UInt32 = 0
      for i in at + 2..<at + 6 {
        let digit = text[i] | 0x20
        switch digit {
        case 0x30...0x39: value = value << 4 | UInt32(digit &- 0x30)
        case 0x61...0x66: value = value << 4 | UInt32(digit &- 0x57)
        default: return (.byte(text[at]), at + 1)
        }
      }
      return (.scalar(Unicode.Scalar(value) ?? "\u{FFFD}"), at + 6)
    case let other: return (.byte(other), at + 2)
    }
  }
}
