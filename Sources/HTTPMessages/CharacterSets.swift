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

  /// Letters, digits, `-`, `.`, and `_`, which container networks use in names.
  @inlinable @inline(__always)
  static var hostName: ByteSet {
    ByteSet(low: 0x03FF_6000_0000_0000, high: 0x07FF_FFFE_87FF_FFFE)
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

/// A name's end, and what was met on the way.
struct ScannedName {
  /// The offset of the first byte that no token may have; the span's end when all are token bytes.
  var end: Int
  var hasUnderscore = false
}

extension RawSpan {
  /// Scans the token at `start`, eight bytes at a time as long as they are letters and dashes, which names
  /// of fields hardly ever leave.
  @inline(__always)
  func scanName(from start: Int) -> ScannedName {
    precondition(start >= 0)
    var name = ScannedName(end: start)
    while name.end <= byteCount &- 8 {
      let others = RawSpan.notLettersOrDashes(word(at: name.end))
      if others == 0 {
        name.end &+= 8
        continue
      }
      name.end &+= others.trailingZeroBitCount &>> 3
      let byte = self[name.end]
      guard ByteSet.token.contains(byte) else { return name }
      if byte == UInt8(ascii: "_") { name.hasUnderscore = true }
      name.end &+= 1
    }
    while name.end < byteCount, ByteSet.token.contains(self[name.end]) {
      if self[name.end] == UInt8(ascii: "_") { name.hasUnderscore = true }
      name.end &+= 1
    }
    return name
  }

  /// The offset of the first byte at or after `start` that a request target may not have; `byteCount` when it
  /// may have all. Eight bytes at a time as long as they are letters, digits and `-./`, as paths' are.
  @inline(__always)
  func targetEnd(from start: Int) -> Int {
    precondition(start >= 0)
    var i = start
    while i <= byteCount &- 8 {
      let others = RawSpan.notPathBytes(word(at: i))
      if others == 0 {
        i &+= 8
        continue
      }
      i &+= others.trailingZeroBitCount &>> 3
      guard ByteSet.target.contains(self[i]) else { return i }
      i &+= 1
    }
    return firstIndex(notIn: .target, from: i)
  }

  /// The top bit of each byte of `word` that is neither an ASCII letter nor one of `-./0123456789`.
  @inline(__always)
  private static func notPathBytes(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    // Without the top bits no sum below carries into the next byte.
    let low = word & (ones &* 0x7F)
    let lower = low | (ones &* 0x20)
    let fromA = lower &+ (ones &* (0x80 - 0x61))
    let beyondZ = lower &+ (ones &* (0x80 - 0x7B))
    let fromDash = low &+ (ones &* (0x80 - 0x2D))
    let beyond9 = low &+ (ones &* (0x80 - 0x3A))
    return (~(fromA & ~beyondZ | fromDash & ~beyond9) | word) & (ones &* 0x80)
  }

  /// The top bit of each byte of `word` that is neither an ASCII letter nor a dash.
  @inline(__always)
  private static func notLettersOrDashes(_ word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    // Without the top bits no sum below carries into the next byte.
    let low = word & (ones &* 0x7F)
    let lower = low | (ones &* 0x20)
    let fromA = lower &+ (ones &* (0x80 - 0x61))
    let beyondZ = lower &+ (ones &* (0x80 - 0x7B))
    let notDash = (low ^ (ones &* 0x2D)) &+ (ones &* 0x7F)
    return (~(fromA & ~beyondZ) & notDash | word) & (ones &* 0x80)
  }

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
