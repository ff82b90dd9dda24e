internal import Memory

/// What lies deeper than is reported: most of a long list.
extension JSONReader {
  /// Passes over tokens that nobody is told of, as far as they lie in `piece` as a whole and are of the plain kind:
  /// strings of ASCII with short escapes, numbers, words, brackets. Everything is checked. What is not plain, what may
  /// be cut by the piece's end, what is to be reported and what is wrong is left, from its beginning, to the reading
  /// token by token: so there is one place that says what a defect is.
  ///
  /// To be called between tokens, below ``reportedDepth``.
  @inline(never)
  mutating func passUnreported(_ piece: RawSpan) {
    // A bracket at this depth or above is reported when it closes.
    let floor = max(0, reportedDepth) &+ 1
    // A token that begins before this has sixteen bytes: words and a number's first bytes are read at once.
    let end = piece.byteCount &- 16
    var at = place
    var state = state
    var nesting = nesting
    tokens: while at < end {
      let byte = piece[at]
      if byte <= 0x20 {
        guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else {
          break tokens
        }
        at &+= 1
        while at < end, piece.word(at: at) == 0x2020_2020_2020_2020 { at &+= 8 }
        continue
      }
      switch state {
      case .name, .nameOrEnd:
        if byte == UInt8(ascii: "}"), state == .nameOrEnd, nesting.depth > floor {
          nesting.close()
          state = .commaOrEnd
          at &+= 1
          continue
        }
        guard byte == UInt8(ascii: "\"") else { break tokens }
        let close = piece.endOfString(from: at &+ 1)
        guard piece.has(close) else { break tokens }
        at = close &+ 1
        state = .colon
        if piece.has(at), piece[at] == UInt8(ascii: ":") {
          state = .value
          at &+= 1
        }
      case .colon:
        guard byte == UInt8(ascii: ":") else { break tokens }
        state = .value
        at &+= 1
      case .commaOrEnd:
        if byte == UInt8(ascii: ",") {
          state = nesting.isInObject ? .name : .value
        } else {
          guard byte == (nesting.isInObject ? UInt8(ascii: "}") : UInt8(ascii: "]")),
            nesting.depth > floor
          else { break tokens }
          nesting.close()
        }
        at &+= 1
      case .value, .elementOrEnd:
        switch byte {
        case UInt8(ascii: "\""):
          let close = piece.endOfString(from: at &+ 1)
          guard piece.has(close) else { break tokens }
          at = close &+ 1
          state = .commaOrEnd
        case UInt8(ascii: "{"), UInt8(ascii: "["):
          guard nesting.depth < depthLimit else { break tokens }
          let isObject = byte == UInt8(ascii: "{")
          nesting.open(isObject: isObject)
          state = isObject ? .nameOrEnd : .elementOrEnd
          at &+= 1
        case UInt8(ascii: "]") where state == .elementOrEnd && nesting.depth > floor:
          nesting.close()
          state = .commaOrEnd
          at &+= 1
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
          let next = piece.endOfNumber(from: at)
          guard piece.has(next) else { break tokens }
          at = next
          state = .commaOrEnd
        case UInt8(ascii: "t"), UInt8(ascii: "n"):
          let word = piece.word(at: at) & 0xFFFF_FFFF
          guard word == 0x6575_7274 || word == 0x6C6C_756E else { break tokens }
          at &+= 4
          state = .commaOrEnd
        case UInt8(ascii: "f"):
          guard piece.word(at: at) & 0xFF_FFFF_FFFF == 0x65_736C_6166 else { break tokens }
          at &+= 5
          state = .commaOrEnd
        default: break tokens
        }
      default: break tokens
      }
    }
    place = at
    self.state = state
    self.nesting = nesting
  }
}

extension RawSpan {
  /// As ``endOfPlainString(from:)``; sixteen bytes must follow `start`. Most strings end within them.
  @inline(__always)
  fileprivate func endOfString(from start: Int) -> Int {
    let mark = vector(at: start).marksInASCIIString.firstMarkedOfAny
    let at = start &+ mark
    if mark < 16, self[at] == UInt8(ascii: "\"") { return at }
    return endOfPlainString(from: at)
  }

  /// Where the quotation mark is that ends a string, whose inside begins at `start`; `byteCount` when there is none, or
  /// another byte than ASCII, a control byte, or an escape by number or a wrong one before it.
  @inline(never)
  private func endOfPlainString(from start: Int) -> Int {
    var at = firstMarkInASCIIString(from: start)
    while has(at), self[at] != UInt8(ascii: "\"") {
      guard self[at] == UInt8(ascii: "\\"), has(at &+ 1), isShortEscape(self[at &+ 1]) else {
        return byteCount
      }
      at = firstMarkInASCIIString(from: at &+ 2)
    }
    return at
  }

  @inline(__always)
  private func isShortEscape(_ letter: UInt8) -> Bool {
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      true
    default: false
    }
  }

  /// Where the first byte is behind the number at `start`; `byteCount` when what is there is no number, or it may go on
  /// after the last byte.
  @inline(__always)
  fileprivate func endOfNumber(from start: Int) -> Int {
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
