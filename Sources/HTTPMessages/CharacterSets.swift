internal import Memory

/// Sets of ASCII bytes as two words, so that membership costs a shift and a test instead of a table in
/// memory.
@usableFromInline
struct ByteSet: Sendable {
  @usableFromInline let low: UInt64
  @usableFromInline let high: UInt64

  @inlinable @inline(__always)
  init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  /// Whether `byte` is in the set; bytes of 0x80 and above never are.
  @inlinable @inline(__always)
  func contains(_ byte: UInt8) -> Bool {
    let word = byte < 64 ? low : high
    return byte < 128 && word &>> UInt64(byte & 63) & 1 != 0
  }

  /// RFC 9110 section 5.6.2: the bytes of a token (methods, field names).
  @inlinable @inline(__always)
  static var token: ByteSet {
    // ! # $ % & ' * + - . 0-9 and A-Z ^ _ ` a-z | ~
    ByteSet(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE)
  }

  /// The bytes of a request target that pass: RFC 3986 section 2 without the fragment mark. Everything
  /// else, and what parsers are known to disagree on (`"`, `<`, `>`, `\`, `^`, `` ` ``, `{`, `|`, `}`),
  /// must come percent-encoded.
  @inlinable @inline(__always)
  static var target: ByteSet {
    // ! $ % & ' ( ) * + , - . / 0-9 : ; = ? and @ A-Z [ ] _ a-z ~
    ByteSet(low: 0xAFFF_FFF2_0000_0000, high: 0x47FF_FFFE_AFFF_FFFF)
  }
}

extension RawSpan {
  /// The offset of the first byte at or after `start` that is not in `set`; `byteCount` when all are.
  @inline(__always)
  func firstIndex(notIn set: ByteSet, from start: Int) -> Int {
    precondition(start >= 0)
    var i = start
    while i < byteCount, set.contains(self[i]) { i &+= 1 }
    return i
  }

  /// Whether all bytes of `start..<end` are token bytes and there is at least one.
  func isToken(_ start: Int, _ end: Int) -> Bool {
    start < end && firstIndex(notIn: .token, from: start) >= end
  }
}

extension UInt8 {
  /// Space or horizontal tab: RFC 9110 section 5.6.3.
  @inline(__always)
  var isOptionalWhitespace: Bool { self == 0x20 || self == 0x09 }

  /// The value of a hexadecimal digit; nil for any other byte.
  @inline(__always)
  package var hexadecimalValue: UInt8? {
    switch self {
    case 0x30...0x39: self &- 0x30
    case 0x41...0x46: self &- 0x37
    case 0x61...0x66: self &- 0x57
    default: nil
    }
  }
}
