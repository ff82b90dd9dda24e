internal import Memory

/// The position within a string.
struct TextState: BitwiseCopyable {
  enum Phase: UInt8, BitwiseCopyable {
    case plain
    /// After a backslash.
    case escape
    /// Within the four digits of `\u`.
    case digits
    /// After the first half of a surrogate pair: the second half's backslash must follow, then its `u`.
    case secondHalf, secondLetter
    /// Within a character of UTF-8.
    case character
  }

  var phase = Phase.plain
  /// Of `\u`: the number of digits read, and their value.
  var digits: UInt8 = 0
  var unit: UInt32 = 0
  /// Whether the digits are those of a pair's second half.
  var isSecond = false
  /// Of a character: the number of bytes read and still to come, and the range of the next one.
  var read: UInt8 = 0
  var left: UInt8 = 0
  var least: UInt8 = 0x80
  var most: UInt8 = 0xBF
}

/// Names and strings.
extension JSONReader {
  @inline(__always)
  mutating func beginText(isName: Bool) {
    beginToken(.text)
    self.isName = isName
    place &+= 1
  }

  @inline(__always)
  mutating func readText(
    _ piece: RawSpan, isLast: Bool
  ) throws(JSONDefect) -> JSONEvent? {
    let start = place
    var at = start
    while true {
      if text.phase != .plain {
        at = try readSpecial(piece, from: at)
        if text.phase != .plain { break }
      }
      at = piece.firstMarkInASCIIString(from: at)
      guard piece.has(at) else { break }
      if piece[at] == UInt8(ascii: "\"") {
        place = at &+ 1
        let kind: JSONEvent.Kind = isName ? .name : .string
        let event = part(kind, from: start, to: at, isLast: true)
        if isName { state = .colon } else { endValue() }
        return event
      }
      at = try beginSpecial(piece[at], at)
    }
    place = at
    if isLast { throw textCut }
    // An empty part is reported only if it is the first.
    if start == at, !isFirstPart { return nil }
    return part(isName ? .name : .string, from: start, to: at, isLast: false)
  }

  /// Takes the byte at `at`, which is not plain text. ``readSpecial(_:from:)`` reads what it begins.
  @inline(__always)
  private mutating func beginSpecial(_ byte: UInt8, _ at: Int) throws(JSONDefect) -> Int {
    if byte == UInt8(ascii: "\\") {
      text.phase = .escape
      return at &+ 1
    }
    place = at
    guard byte >= 0x20 else { throw defect(.noControlCharacter) }
    text.phase = .character
    text.least = 0x80
    text.most = 0xBF
    text.read = 1
    // RFC 3629 section 4.
    switch byte {
    case 0xC2...0xDF: text.left = 1
    case 0xE0: (text.left, text.least) = (2, 0xA0)
    case 0xED: (text.left, text.most) = (2, 0x9F)
    case 0xE1...0xEF: text.left = 2
    case 0xF0: (text.left, text.least) = (3, 0x90)
    case 0xF4: (text.left, text.most) = (3, 0x8F)
    case 0xF1...0xF3: text.left = 3
    default: throw defect(.utf8)
    }
    return at &+ 1
  }

  /// Continues in an escape or a character, up to its end or the piece's.
  private mutating func readSpecial(
    _ piece: RawSpan, from start: Int
  ) throws(JSONDefect) -> Int {
    var at = start
    while piece.has(at), text.phase != .plain {
      let byte = piece[at]
      place = at
      switch text.phase {
      case .character:
        guard byte >= text.least, byte <= text.most else {
          throw defect(.utf8, before: Int(text.read))
        }
        text.least = 0x80
        text.most = 0xBF
        text.read &+= 1
        text.left &-= 1
        if text.left == 0 { text.phase = .plain }
      case .escape: try readEscape(byte)
      case .digits: try readDigit(byte)
      case .secondHalf:
        guard byte == UInt8(ascii: "\\") else { throw defect(.surrogatePair) }
        text.phase = .secondLetter
      case .secondLetter:
        guard byte == UInt8(ascii: "u") else { throw defect(.surrogatePair, before: 1) }
        beginDigits(isSecond: true)
      case .plain: break
      }
      at &+= 1
    }
    return at
  }

  private mutating func readEscape(_ letter: UInt8) throws(JSONDefect) {
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      text.phase = .plain
    case UInt8(ascii: "u"): beginDigits(isSecond: false)
    default: throw defect(.escape)
    }
  }

  private mutating func beginDigits(isSecond: Bool) {
    text.phase = .digits
    text.digits = 0
    text.unit = 0
    text.isSecond = isSecond
  }

  private mutating func readDigit(_ byte: UInt8) throws(JSONDefect) {
    guard let value = byte.hexadecimalValue else { throw defect(.hexadecimalDigit) }
    text.unit = text.unit &<< 4 | UInt32(value)
    text.digits &+= 1
    guard text.digits == 4 else { return }
    text.phase = .plain
    if allowsLoneSurrogates { return }
    let half = text.unit & 0xFC00
    if text.isSecond {
      // This is known only now. The defect's place is where the second half should have begun.
      if half != 0xDC00 { throw defect(.surrogatePair, before: 5) }
    } else if half == 0xD800 {
      text.phase = .secondHalf
    } else if half == 0xDC00 {
      throw defect(.surrogatePair, before: -1)
    }
  }

  /// Why a string may not end here.
  var textCut: JSONDefect {
    switch text.phase {
    case .plain, .escape: defect(.stringEnd)
    case .digits: defect(.hexadecimalDigit)
    case .secondHalf: defect(.surrogatePair)
    case .secondLetter: defect(.surrogatePair, before: 1)
    case .character: defect(.utf8, before: Int(text.read))
    }
  }
}
