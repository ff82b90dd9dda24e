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
  /// Scans the token at `start`, sixteen bytes at a time as long as they are letters and dashes, which names
  /// of fields hardly ever leave.
  @inline(__always)
  func scanName(from start: Int) -> ScannedName {
    precondition(start >= 0)
    var name = ScannedName(end: start)
    while name.end <= byteCount &- 16 {
      let place = RawSpan.notLettersOrDashes(vector(at: name.end)).firstMarked
      name.end &+= place
      if place == 16 { continue }
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
  /// may have all. Sixteen bytes at a time as long as they are letters, digits and `-./`, as paths' are.
  @inline(__always)
  func targetEnd(from start: Int) -> Int {
    precondition(start >= 0)
    var i = start
    while i <= byteCount &- 16 {
      let place = RawSpan.notPathBytes(vector(at: i)).firstMarked
      i &+= place
      if place == 16 { continue }
      guard ByteSet.target.contains(self[i]) else { return i }
      i &+= 1
    }
    return firstIndex(notIn: .target, from: i)
  }

  /// Marks each byte that is no ASCII letter by its top bit; bytes of 0x80 and above may be left out.
  @inline(__always)
  private static func notLetters(_ bytes: SIMD16<UInt8>) -> SIMD16<UInt8> {
    // 0...25 for letters, below which others wrap around.
    let letter: SIMD16<UInt8> =
      (bytes | SIMD16<UInt8>(repeating: 0x20)) &- SIMD16<UInt8>(repeating: 0x61)
    return letter | (letter &+ SIMD16<UInt8>(repeating: 0x80 - 26))
  }

  /// Marks each byte that is neither an ASCII letter nor one of `-./0123456789` by its top bit.
  @inline(__always)
  private static func notPathBytes(_ bytes: SIMD16<UInt8>) -> SIMD16<UInt8> {
    // 0...12 for those thirteen, which lie side by side.
    let other: SIMD16<UInt8> = bytes &- SIMD16<UInt8>(repeating: 0x2D)
    let notOther: SIMD16<UInt8> = other | (other &+ SIMD16<UInt8>(repeating: 0x80 - 13))
    return notLetters(bytes) & notOther | bytes
  }

  /// Marks each byte that is neither an ASCII letter nor a dash by its top bit.
  @inline(__always)
  private static func notLettersOrDashes(_ bytes: SIMD16<UInt8>) -> SIMD16<UInt8> {
    let notDash: SIMD16<UInt8> =
      (bytes ^ SIMD16<UInt8>(repeating: 0x2D)) &+ SIMD16<UInt8>(repeating: 0x7F)
    return notLetters(bytes) & notDash | bytes
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
