internal import Memory

/// Reading below the reported depth, which is most of a long list.
extension JSONReader {
  /// Skips tokens that are not reported, as long as they are completely in `piece` and of a plain kind: strings without
  /// escapes by number, numbers, words, brackets. All of them are checked. A token that is not plain, may be cut by the
  /// piece's end, must be reported, or is invalid is left, from its beginning, to the reading token by token. So only
  /// one place decides what a defect is.
  ///
  /// Call this between tokens, below ``reportedDepth``.
  @inline(never)
  mutating func passUnreported(_ piece: RawSpan) {
    // A bracket at this depth or above is reported when it closes.
    let floor = max(0, reportedDepth) &+ 1
    // A token that begins at or before this offset has all the bytes that are read below without a bounds check.
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
        // Members whose values are not containers, one after the other. Most members are of this kind.
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
  /// The end of the run of blanks that starts at `start`.
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

  /// The offset after the number or word at `start`; `byteCount` if there is neither, or if a number may continue after
  /// the last byte. Eight bytes must follow `start`.
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

  /// The offset after the digits at `start`; `byteCount` also if there is no digit.
  @inline(__always)
  private func endOfDigits(from start: Int) -> Int {
    var at = start
    while has(at), self[at] &- 0x30 < 10 { at &+= 1 }
    return at > start ? at : byteCount
  }
}
