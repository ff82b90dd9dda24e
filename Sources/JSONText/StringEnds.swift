internal import Memory

/// Where the strings end that lie one after the other, found for all quotation marks of sixty-four bytes at once.
///
/// To look for the end of each string from its beginning would make every look wait for the one before it. Here the
/// next mark is one step away, and the bytes after are compared meanwhile (Langdale and Lemire, "Parsing Gigabytes of
/// JSON per Second", 2019, section 3.1).
struct StringEnds: BitwiseCopyable {
  /// Bytes looked at in one step.
  static let width = 64

  /// Where the bytes begin that were looked at last.
  private var base: Int
  /// Their quotation marks that no string has used, one bit a byte, the first byte's lowest.
  private var marks: UInt64
  /// Those that are no plain text of ASCII in a string.
  private var odd: UInt64

  /// Looks at the ``width`` bytes from `start` on, which must be there. `start` is outside of strings.
  @inline(__always)
  init(_ piece: RawSpan, from start: Int) {
    base = start
    marks = 0
    odd = 0
    look(piece)
  }

  @inline(__always)
  private mutating func look(_ piece: RawSpan) {
    let (a, b) = (piece.vector(at: base), piece.vector(at: base &+ 16))
    let (c, d) = (piece.vector(at: base &+ 32), piece.vector(at: base &+ 48))
    let quote = UInt8(ascii: "\"")
    marks =
      (a.equals(quote).topBits | b.equals(quote).topBits &<< 16)
      | (c.equals(quote).topBits &<< 32 | d.equals(quote).topBits &<< 48)
    odd =
      (a.notPlain.topBits | b.notPlain.topBits &<< 16)
      | (c.notPlain.topBits &<< 32 | d.notPlain.topBits &<< 48)
  }

  /// The place of the quotation mark that ends the string that the one at `start` begins. The piece's end when that is
  /// not known: it may lie in the next piece, or what is in the string has to be read byte by byte.
  ///
  /// The strings must be asked for in their order, each of them.
  @inline(__always)
  mutating func endOfString(_ piece: RawSpan, _ start: Int) -> Int {
    if start &- base >= StringEnds.width {
      guard start <= piece.byteCount &- StringEnds.width else { return piece.byteCount }
      base = start
      look(piece)
    }
    let first = marks & (0 &- marks)
    marks ^= first
    // 0 when the string is longer, and the difference is then all that follows.
    var second = marks & (0 &- marks)
    var oddInside = odd & (second &- first)
    while second == 0 {
      base &+= StringEnds.width
      guard base <= piece.byteCount &- StringEnds.width else { return piece.byteCount }
      look(piece)
      second = marks & (0 &- marks)
      oddInside |= odd & (second &- 1)
    }
    guard oddInside == 0 else { return endOfSpecialString(piece, start) }
    marks ^= second
    return base &+ second.trailingZeroBitCount
  }

  /// The same for a string in which there is more than plain text.
  @inline(never)
  private mutating func endOfSpecialString(_ piece: RawSpan, _ start: Int) -> Int {
    let end = piece.endOfString(from: start &+ 1)
    guard end < piece.byteCount &- StringEnds.width else { return piece.byteCount }
    self = StringEnds(piece, from: end &+ 1)
    return end
  }
}

extension RawSpan {
  /// Where the quotation mark is that ends a string, whose inside begins at `start`; `byteCount` when there is none, or
  /// before it what is rare or wrong: an escape by number, a character of four bytes, a control byte.
  fileprivate func endOfString(from start: Int) -> Int {
    var at = firstMarkInASCIIString(from: start)
    while has(at), self[at] != UInt8(ascii: "\"") {
      let count = countOfEscapeOrCharacter(at: at)
      guard count > 0 else { return byteCount }
      at &+= count
      // One seldom comes alone in text that is not English.
      if has(at), self[at] < 0x80 { at = firstMarkInASCIIString(from: at) }
    }
    return at
  }

  /// Bytes of the short escape or of the character of two or three bytes at `i` (RFC 3629 section 4); 0 when there is
  /// none, or not as a whole.
  @inline(__always)
  private func countOfEscapeOrCharacter(at i: Int) -> Int {
    guard has(i &+ 2) else { return 0 }
    let second = self[i &+ 1]
    switch self[i] {
    case UInt8(ascii: "\\"): return isShortEscape(second) ? 2 : 0
    case 0xC2...0xDF: return isContinuation(second) ? 2 : 0
    case 0xE1...0xEC, 0xEE, 0xEF:
      return isContinuation(second) && isContinuation(self[i &+ 2]) ? 3 : 0
    default: return 0
    }
  }

  @inline(__always)
  private func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

  @inline(__always)
  private func isShortEscape(_ letter: UInt8) -> Bool {
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      true
    default: false
    }
  }
}
