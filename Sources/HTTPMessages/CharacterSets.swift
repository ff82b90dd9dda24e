internal import Memory

/// A set of ASCII bytes as two words, so that membership costs a shift and a test instead of a table in memory.
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

  /// The bytes that may be in a request target: RFC 3986 section 2 without the fragment mark. Everything else must be
  /// percent-encoded, and so must bytes on which parsers are known to disagree (`"`, `<`, `>`, `\`, `^`, `` ` ``, `{`,
  /// `|`, `}`).
  @inlinable @inline(__always)
  static var target: ByteSet {
    // ! $ % & ' ( ) * + , - . / 0-9 : ; = ? and @ A-Z [ ] _ a-z ~
    ByteSet(low: 0xAFFF_FFF2_0000_0000, high: 0x47FF_FFFE_AFFF_FFFF)
  }
}

extension RawSpan {
  /// The offset of the first byte at or after `start` that is not a token byte; `byteCount` when all are. Takes sixteen
  /// bytes at a time as long as they are letters and dashes, as nearly all bytes of field names are. Notes an
  /// underscore.
  @inline(__always)
  func nameEnd(from start: Int, _ hasUnderscore: inout Bool) -> Int {
    precondition(start >= 0)
    var at = start
    while hasVector(at: at) {
      let piece = vector(at: at)
      let place = (piece.letters | piece.equals(UInt8(ascii: "-"))).firstUnmarked
      at &+= place
      if place == 16 { continue }
      let byte = self[at]
      guard byte != UInt8(ascii: ":"), ByteSet.token.contains(byte) else { return at }
      if byte == UInt8(ascii: "_") { hasUnderscore = true }
      at &+= 1
    }
    while at < byteCount, ByteSet.token.contains(self[at]) {
      if self[at] == UInt8(ascii: "_") { hasUnderscore = true }
      at &+= 1
    }
    return at
  }

  /// The offset of the first byte at or after `start` that a request target must not have; `byteCount` when there is
  /// none. Takes sixteen bytes at a time as long as they are letters, digits and `-./`, as in most paths.
  @inline(__always)
  func targetEnd(from start: Int) -> Int {
    precondition(start >= 0)
    var i = start
    while hasVector(at: i) {
      let piece = vector(at: i)
      // `-`, `.`, `/` and the digits are adjacent in ASCII.
      let others: SIMD16<UInt8> = (piece &- SIMD16<UInt8>(repeating: 0x2D)).isBelow(13)
      let place = (piece.letters | others).firstUnmarked
      i &+= place
      if place == 16 { continue }
      guard ByteSet.target.contains(self[i]) else { return i }
      i &+= 1
    }
    return firstIndex(notIn: .target, from: i)
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
}
