internal import Memory

/// What lies deeper than is reported: most of a long list.
extension JSONReader {
  /// Passes over tokens that nobody is told of, as far as they lie in `piece` as a whole and are of the plain kind:
  /// strings without escapes by number, numbers, words, brackets. Everything is checked. What is not plain, what may
  /// be cut by the piece's end, what is to be reported and what is wrong is left, from its beginning, to the reading
  /// token by token: so there is one place that says what a defect is.
  ///
  /// To be called between tokens, below ``reportedDepth``.
  @inline(never)
  mutating func passUnreported(_ piece: RawSpan) {
    // A bracket at this depth or above is reported when it closes.
    let floor = max(0, reportedDepth) &+ 1
    // A token that begins here or before has all the bytes that are looked at without asking.
    let last = piece.byteCount &- StringEnds.width &- 8
    guard place <= last else { return }
    var at = place
    var state = state
    var nesting = nesting
    var ends = StringEnds(piece, from: at)
    tokens: while at <= last {
      let byte = piece[at]
      switch byte {
      case UInt8(ascii: "\""):
        guard state == .name || state == .nameOrEnd else {
          guard state == .value || state == .elementOrEnd else { break tokens }
          let end = ends.endOfString(piece, at)
          guard piece.has(end) else { break tokens }
          at = end &+ 1
          state = .commaOrEnd
          continue tokens
        }
        // Members whose values are no containers, one after the other: so come most of them.
        repeat {
          state = .name
          let nameEnd = ends.endOfString(piece, at)
          guard piece.has(nameEnd) else { break tokens }
          at = nameEnd &+ 1
          state = .colon
          guard piece.has(at), piece[at] == UInt8(ascii: ":") else { continue tokens }
          at &+= 1
          state = .value
          guard at <= last, piece[at] > 0x20, piece[at] != UInt8(ascii: "["),
            piece[at] != UInt8(ascii: "{")
          else { continue tokens }
          if piece[at] == UInt8(ascii: "\"") {
            let end = ends.endOfString(piece, at)
            guard piece.has(end) else { break tokens }
            at = end &+ 1
          } else {
            let end = piece.endOfNumberOrWord(at)
            guard piece.has(end) else { break tokens }
            at = end
          }
          state = .commaOrEnd
          guard piece.has(at), piece[at] == UInt8(ascii: ",") else { continue tokens }
          at &+= 1
          state = .name
        } while piece.has(at) && piece[at] == UInt8(ascii: "\"")
      case 0x20, 0x0A, 0x0D, 0x09:
        at = piece.endOfBlanks(from: at)
      case UInt8(ascii: ","):
        guard state == .commaOrEnd else { break tokens }
        at &+= 1
        state = nesting.isInObject ? .name : .value
      case UInt8(ascii: ":"):
        guard state == .colon else { break tokens }
        at &+= 1
        state = .value
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        let isObject = byte == UInt8(ascii: "}")
        guard nesting.depth > floor,
          state == .commaOrEnd && nesting.isInObject == isObject
            || state == (isObject ? .nameOrEnd : .elementOrEnd)
        else { break tokens }
        at &+= 1
        nesting.close()
        state = .commaOrEnd
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        guard state == .value || state == .elementOrEnd, nesting.depth < depthLimit else {
          break tokens
        }
        at &+= 1
        let isObject = byte == UInt8(ascii: "{")
        nesting.open(isObject: isObject)
        state = isObject ? .nameOrEnd : .elementOrEnd
      default:
        guard state == .value || state == .elementOrEnd else { break tokens }
        let end = piece.endOfNumberOrWord(at)
        guard piece.has(end) else { break tokens }
        at = end
        state = .commaOrEnd
      }
    }
    place = at
    self.state = state
    self.nesting = nesting
  }
}

extension RawSpan {
  /// Where the blanks end of which one is at `start`.
  @inline(__always)
  fileprivate func endOfBlanks(from start: Int) -> Int {
    var at = start
    repeat {
      at &+= 1
      // Indentation.
      while at <= byteCount &- 16 {
        let spaces = (~vector(at: at).equals(0x20)).firstMarked
        at &+= spaces
        if spaces < 16 { break }
      }
    } while has(at)
      && (self[at] == 0x20 || self[at] == 0x0A || self[at] == 0x0D || self[at] == 0x09)
    return at
  }

  /// Where the first byte is after the number or word at `start`; `byteCount` when there is neither, or a number may go
  /// on after the last byte. Eight bytes must follow `start`.
  @inline(__always)
  fileprivate func endOfNumberOrWord(_ start: Int) -> Int {
    switch self[start] {
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      return endOfNumber(from: start)
    case UInt8(ascii: "t"), UInt8(ascii: "n"):
      let word = word(at: start) & 0xFFFF_FFFF
      return word == 0x6575_7274 || word == 0x6C6C_756E ? start &+ 4 : byteCount
    case UInt8(ascii: "f"):
      return word(at: start) & 0xFF_FFFF_FFFF == 0x65_736C_6166 ? start &+ 5 : byteCount
    default:
      return byteCount
    }
  }

  @inline(__always)
  private func endOfNumber(from start: Int) -> Int {
    var at = start
    if self[at] == UInt8(ascii: "-") { at &+= 1 }
    guard has(at) else { return byteCount }
    if self[at] == UInt8(ascii: "0") {
      at &+= 1
    } else {
      at = endOfDigits(from: at)
    }
    guard has(at) else { return byteCount }
    if self[at] == UInt8(ascii: ".") {
      at = endOfDigits(from: at &+ 1)
      guard has(at) else { return byteCount }
    }
    if self[at] | 0x20 == UInt8(ascii: "e") {
      at &+= 1
      guard has(at) else { return byteCount }
      if self[at] == UInt8(ascii: "+") || self[at] == UInt8(ascii: "-") { at &+= 1 }
      at = endOfDigits(from: at)
    }
    return at
  }

  /// `byteCount` also when there is no digit.
  @inline(__always)
  private func endOfDigits(from start: Int) -> Int {
    var at = start
    while has(at), self[at] &- 0x30 < 10 { at &+= 1 }
    return at > start ? at : byteCount
  }
}
