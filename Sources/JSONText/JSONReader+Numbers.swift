internal import Memory

/// The position within a number, by the grammar of RFC 8259 section 6.
enum NumberState: UInt8 {
  /// Before the first byte, which is a digit or the sign.
  case start
  case sign, zero, digits, point, fraction, exponentMark, exponentSign, exponent
}

/// Words and numbers.
extension JSONReader {
  @inline(__always)
  mutating func beginWord(_ kind: JSONEvent.Kind, _ bytes: UInt64) {
    beginToken(.word)
    word = kind
    restOfWord = bytes
  }

  @inline(__always)
  mutating func readWord(
    _ piece: RawSpan, isLast: Bool
  ) throws(JSONDefect) -> JSONEvent? {
    let start = place
    while piece.has(place), restOfWord != 0 {
      guard UInt64(piece[place]) == restOfWord & 0xFF else {
        throw JSONDefect(offset: tokenOffset, expected: .value)
      }
      restOfWord = restOfWord &>> 8
      place &+= 1
    }
    guard restOfWord == 0 else {
      if isLast { throw JSONDefect(offset: tokenOffset, expected: .value) }
      return part(word, from: start, to: place, isLast: false)
    }
    let event = part(word, from: start, to: place, isLast: true)
    endValue()
    return event
  }

  @inline(__always)
  mutating func readNumber(
    _ piece: RawSpan, isLast: Bool
  ) throws(JSONDefect) -> JSONEvent? {
    let start = place
    var at = start
    var state = number
    while piece.has(at) {
      let byte = piece[at]
      if byte &- 0x30 < 10 {
        switch state {
        case .digits, .fraction, .exponent: break
        case .start, .sign: state = byte == 0x30 ? .zero : .digits
        case .point: state = .fraction
        case .exponentMark, .exponentSign: state = .exponent
        // A zero before another digit is a complete number.
        case .zero: return try endNumber(state, from: start, to: at)
        }
      } else {
        switch byte {
        case UInt8(ascii: ".") where state == .zero || state == .digits: state = .point
        case UInt8(ascii: "e"), UInt8(ascii: "E"):
          guard state == .zero || state == .digits || state == .fraction else {
            return try endNumber(state, from: start, to: at)
          }
          state = .exponentMark
        case UInt8(ascii: "-") where state == .start: state = .sign
        case UInt8(ascii: "-"), UInt8(ascii: "+"):
          guard state == .exponentMark else { return try endNumber(state, from: start, to: at) }
          state = .exponentSign
        default: return try endNumber(state, from: start, to: at)
        }
      }
      at &+= 1
    }
    if isLast { return try endNumber(state, from: start, to: at) }
    number = state
    place = at
    return part(.number, from: start, to: at, isLast: false)
  }

  mutating func endNumber(from start: Int) throws(JSONDefect) -> JSONEvent? {
    try endNumber(number, from: start, to: place)
  }

  @inline(__always)
  private mutating func endNumber(
    _ state: NumberState, from start: Int, to end: Int
  ) throws(JSONDefect) -> JSONEvent? {
    place = end
    switch state {
    case .start, .sign: throw defect(.value)
    case .point, .exponentMark, .exponentSign: throw defect(.digit)
    case .zero, .digits, .fraction, .exponent:
      let event = part(
        .number, from: start, to: end, isLast: true, isWhole: state == .zero || state == .digits)
      endValue()
      return event
    }
  }
}
