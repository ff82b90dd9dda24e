internal import Memory

/// Finds the ends of successive strings, from all quotation marks of sixty-four bytes at once.
///
/// Searching for the end of each string from its beginning would make every search wait for the one before. Here the
/// next mark is one step away, and the bytes after it are compared meanwhile (Langdale and Lemire, "Parsing Gigabytes
/// of JSON per Second", 2019, section 3.1).
struct StringEnds: BitwiseCopyable {
  /// Bytes compared in one step.
  static let width = 64

  /// The offset of the bytes that were compared last.
  private var base: Int
  /// Their quotation marks that were not used yet, one bit per byte, the first byte's lowest.
  private var marks: UInt64
  /// The bytes among them that are not plain ASCII text of a string.
  private var odd: UInt64

  /// Compares the ``width`` bytes from `start` on, which must exist. `start` is outside of strings.
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

  /// The offset of the quotation mark that ends the string begun by the one at `start`. Returns the piece's end if that
  /// is unknown: the mark may be in the next piece, or the string must be read byte by byte.
  ///
  /// Call this for every string, in order.
  @inline(__always)
  mutating func endOfString(_ piece: RawSpan, _ start: Int) -> Int {
    if start &- base >= StringEnds.width {
      guard start <= piece.byteCount &- StringEnds.width else { return piece.byteCount }
      base = start
      look(piece)
    }
    let first = marks & (0 &- marks)
    marks ^= first
    // 0 if the string continues after these bytes. The difference then covers all bytes from `first` on.
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

  /// The same for a string that contains more than plain text.
  @inline(never)
  private mutating func endOfSpecialString(_ piece: RawSpan, _ start: Int) -> Int {
    let end = piece.endOfString(from: start &+ 1)
    guard end < piece.byteCount &- StringEnds.width else { return piece.byteCount }
    self = StringEnds(piece, from: end &+ 1)
    return end
  }
}

extension RawSpan {
  /// The offset of the quotation mark that ends a string whose inside begins at `start`. `byteCount` if there is none,
  /// or if something rare or invalid precedes it: an escape by number, a character of four bytes, a control byte.
  fileprivate func endOfString(from start: Int) -> Int {
    var at = firstMarkInASCIIString(from: start)
    while has(at), self[at] != UInt8(ascii: "\"") {
      let count = countOfEscapeOrCharacter(at: at)
      guard count > 0 else { return byteCount }
      at &+= count
      // In text that is not English, such characters seldom come alone.
      if has(at), self[at] < 0x80 { at = firstMarkInASCIIString(from: at) }
    }
    return at
  }

  /// Length in bytes of the short escape, or of the character of two or three bytes, at `i` (RFC 3629 section 4). 0 if
  /// there is none, or if it is incomplete.
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
