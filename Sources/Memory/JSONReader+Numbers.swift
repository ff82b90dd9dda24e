/// Words and numbers.
extension JSONReader {
  package enum Word: Sendable {
    case isTrue, isFalse, null
  }

  @_lifetime(self: copy self)
  package mutating func word() throws(JSONDefect) -> Word {
    switch next() {
    case UInt8(ascii: "t"): return try take("true", .isTrue)
    case UInt8(ascii: "f"): return try take("false", .isFalse)
    default: return try take("null", .null)
    }
  }

  @_lifetime(self: copy self)
  private mutating func take(_ text: StaticString, _ word: Word) throws(JSONDefect) -> Word {
    let end = offset + text.utf8CodeUnitCount
    guard end <= bytes.byteCount, bytes.slice(offset, end).equals(text) else {
      throw defect(.value)
    }
    offset = end
    return word
  }

  /// A number: where it stands, and whether it has neither fraction nor exponent.
  @_lifetime(self: copy self)
  package mutating func number() throws(JSONDefect) -> (bounds: Range<Int>, isWhole: Bool) {
    guard next() != nil else { throw defect(.value) }
    let start = offset
    var isWhole = true
    if byte == UInt8(ascii: "-") { offset += 1 }
    if byte == UInt8(ascii: "0") { offset += 1 } else { try skipDigits(orElse: .value) }
    if byte == UInt8(ascii: ".") {
      isWhole = false
      offset += 1
      try skipDigits(orElse: .digit)
    }
    if byte?.asciiLowercased == UInt8(ascii: "e") {
      isWhole = false
      offset += 1
      if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { offset += 1 }
      try skipDigits(orElse: .digit)
    }
    return (start..<offset, isWhole)
  }

  @_lifetime(self: copy self)
  private mutating func skipDigits(orElse expected: JSONDefect.Expected) throws(JSONDefect) {
    let start = offset
    while let digit = byte, digit &- 0x30 < 10 { offset += 1 }
    if offset == start { throw defect(expected) }
  }
}
