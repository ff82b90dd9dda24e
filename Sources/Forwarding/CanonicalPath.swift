internal import HTTPMessages
internal import Memory

/// The path policy: a path is forwarded exactly as received, or refused.
///
/// Ids of courses and registrations can be any string, so escapes such as `%2F` or UTF-8 text are legal inside a
/// segment and are passed on byte for byte. A path is refused if one hop could read it as a different path than the
/// next hop does: dot segments under any reading, empty segments, path parameters, broken or overlong escapes, control
/// bytes.
package enum CanonicalPath {
  /// Why a path is refused.
  package enum Flaw: Error, Sendable {
    case emptySegment, dotSegment, parameter, brokenEscape, controlByte, overlongEscape, byte

    package var detail: String {
      switch self {
      case .emptySegment: "The path has an empty segment (a doubled or trailing slash inside it)."
      case .dotSegment:
        "The path has a dot segment, or a segment that becomes one when it is decoded."
      case .parameter: "The path holds a raw semicolon; send it as %3B."
      case .brokenEscape:
        "The path has a percent sign that is not followed by two hexadecimal digits."
      case .controlByte: "The path holds an encoded control byte."
      case .overlongEscape: "The path holds an escape that is not valid UTF-8."
      case .byte: "The path holds a byte that must be percent-encoded."
      }
    }
  }

  /// Checks `path`, which begins with `/`. Returns whether it has an escape.
  @discardableResult
  package static func check(_ path: RawSpan) throws(Flaw) -> Bool {
    var start = 1
    var hasEscape = false
    var hasAnyEscape = false
    var i = 1
    let count = path.byteCount
    while i <= count {
      if i < count { i = firstTelling(path, from: i) }
      let byte = i < count ? path[i] : UInt8(ascii: "/")
      switch byte {
      case UInt8(ascii: "/"):
        if i == start {
          throw .emptySegment
        }
        if path[start] == UInt8(ascii: "."), isDots(path, start, i) { throw .dotSegment }
        if hasEscape {
          try checkDecoded(path.slice(start, i))
          hasEscape = false
          hasAnyEscape = true
        }
        start = i &+ 1
      case UInt8(ascii: "%"): hasEscape = true
      case UInt8(ascii: ";"): throw .parameter
      case UInt8(ascii: "["), UInt8(ascii: "]"): throw .byte
      default: break
      }
      i &+= 1
    }
    return hasAnyEscape
  }

  /// The offset of the first of `/ % ; [ ]` at or after `start`; the path's length if there is none.
  @inline(__always)
  private static func firstTelling(_ path: RawSpan, from start: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    var i = start
    while i < path.byteCount {
      let end = min(i &+ 8, path.byteCount)
      let word = path.word(from: i, to: end)
      // In each term, the lowest top bit that is set marks the first matching byte (Anderson, Bit Twiddling Hacks).
      let slash = word ^ (ones &* 0x2F)
      let percent = word ^ (ones &* 0x25)
      let semicolon = word ^ (ones &* 0x3B)
      // `[` and `]` differ in two bits. `Y` and `_` match too; that only stops the search early.
      let bracket = (word | (ones &* 0x06)) ^ (ones &* 0x5F)
      let hit =
        ((slash &- ones) & ~slash | (percent &- ones) & ~percent
          | (semicolon &- ones) & ~semicolon | (bracket &- ones) & ~bracket) & (ones &* 0x80)
      if hit != 0 { return i &+ (hit.trailingZeroBitCount &>> 3) }
      i = end
    }
    return i
  }

  private static func isDots(_ path: RawSpan, _ start: Int, _ end: Int) -> Bool {
    end &- start == 1 || end &- start == 2 && path[start &+ 1] == UInt8(ascii: ".")
  }

  /// How many times the upstream and the proxies before it might decode.
  private static let rounds = 3

  /// Checks a segment with escapes under every reading that software is known to apply.
  @inline(never)
  private static func checkDecoded(_ segment: RawSpan) throws(Flaw) {
    var bytes = segment.copied()
    for round in 0..<rounds {
      guard bytes.contains(UInt8(ascii: "%")) else { return }
      bytes = try decode(bytes, strictly: round == 0)
      for byte in bytes where byte < 0x20 || byte == 0x7F { throw .controlByte }
      try checkUTF8(bytes)
      try checkDots(bytes)
    }
  }

  private static func decode(_ bytes: [UInt8], strictly: Bool) throws(Flaw) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var i = 0
    while i < bytes.count {
      if bytes[i] == UInt8(ascii: "%") {
        if i + 2 < bytes.count, let high = bytes[i + 1].hexadecimalValue,
          let low = bytes[i + 2].hexadecimalValue
        {
          result.append(high << 4 | low)
          i += 3
          continue
        }
        // An id may contain a percent sign, sent as %25, so only the first decoding must be valid throughout.
        if strictly { throw .brokenEscape }
      }
      result.append(bytes[i])
      i += 1
    }
    return result
  }

  /// Refuses invalid UTF-8: overlong forms hide `/` and `.` from software that does not decode them (RFC 3629 section
  /// 3).
  private static func checkUTF8(_ bytes: [UInt8]) throws(Flaw) {
    guard bytes.contains(where: { $0 >= 0x80 }) else { return }
    var repaired = false
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    loop: while true {
      switch decoder.decode(&iterator) {
      case .scalarValue: continue
      case .emptyInput: break loop
      case .error:
        repaired = true
        break loop
      }
    }
    if repaired { throw .overlongEscape }
  }

  /// Refuses dot segments that appear when `\` is read as `/`, parameters are cut off, or full-width forms are folded
  /// to ASCII.
  private static func checkDots(_ bytes: [UInt8]) throws(Flaw) {
    var piece: [UInt8] = []
    var i = 0
    func isDotSegment(_ piece: [UInt8]) -> Bool {
      let name = piece.prefix {
        $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#")
      }
      let trimmed = name.reversed().drop { $0 == 0x20 }
      return (trimmed.count == 1 || trimmed.count == 2)
        && trimmed.allSatisfy { $0 == UInt8(ascii: ".") }
    }
    while i < bytes.count {
      var byte = bytes[i]
      var length = 1
      if byte == 0xEF, i + 2 < bytes.count {
        // U+FF0E, U+FF0F, U+FF3C: full-width dot, slash and backslash.
        switch (bytes[i + 1], bytes[i + 2]) {
        case (0xBC, 0x8E): (byte, length) = (UInt8(ascii: "."), 3)
        case (0xBC, 0x8F), (0xBC, 0xBC): (byte, length) = (UInt8(ascii: "/"), 3)
        default: break
        }
      }
      if byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") {
        if isDotSegment(piece) { throw .dotSegment }
        piece = []
      } else {
        piece.append(byte)
      }
      i += length
    }
    if isDotSegment(piece) { throw .dotSegment }
  }
}
