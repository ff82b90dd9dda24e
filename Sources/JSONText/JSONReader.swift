internal import Memory

/// Reads one JSON text that arrives in pieces of any size, strictly by RFC 8259: no comments, no trailing commas, no
/// byte order mark, nothing after the value, and only UTF-8.
///
/// Its memory is constant. Open brackets are bits (``Nesting``). A token's text is never stored but reported where it
/// is in the piece, and in parts if it is in several pieces. The parts together, and any defect, are the same however
/// the text is cut. The caller decides what two members of the same name mean.
///
///     while let event = try reader.next(in: piece) { … }                  // and again with the next piece
///     while let event = try reader.next(in: piece, isLast: true) { … }    // the text has ended, and is valid
///
/// To read a complete text, ``JSONCursor`` is more convenient.
package struct JSONReader: ~Copyable {
  enum State: UInt8 {
    case value, elementOrEnd, nameOrEnd, name, colon, commaOrEnd, ended
    /// Within a token.
    case text, number, word
  }

  /// Greatest nesting depth of arrays and objects, including the outermost one: 1 ... 128.
  package let depthLimit: Int
  /// Whether escapes of half a character are accepted. The grammar allows them (RFC 8259 section 8.2), but they encode
  /// no text.
  let allowsLoneSurrogates: Bool
  /// Only events at this depth or above are reported; deeper ones are still checked. The outermost value has depth 0,
  /// its members or elements have depth 1.
  package var reportedDepth = Int.max

  var nesting = Nesting()
  var state = State.value
  /// Bytes in the previous pieces.
  private var base = 0
  /// The offset of the next byte to read in this piece.
  var place = 0
  /// The offset in the whole text of the last reported token, including its quotation mark.
  package internal(set) var tokenOffset = 0

  // The state of an incomplete token.
  var isFirstPart = true
  var isName = false
  var text = TextState()
  var number = NumberState.sign
  /// The remaining bytes of a word, the next one lowest.
  var restOfWord: UInt64 = 0
  var word = JSONEvent.Kind.null

  package init(depthLimit: Int = 128, allowsLoneSurrogates: Bool = false) {
    precondition(depthLimit > 0 && depthLimit <= Nesting.capacity)
    self.depthLimit = depthLimit
    self.allowsLoneSurrogates = allowsLoneSurrogates
  }

  /// Bytes of the whole text read so far.
  package var offset: Int { base &+ place }
  /// Number of open arrays and objects.
  package var depth: Int { nesting.depth }
  /// Whether the value is complete. Only blanks may follow then.
  package var isComplete: Bool { state == .ended }

  /// The next event. Nil at the end of the piece; the next call is then for the following piece.
  ///
  /// - Parameter isLast: whether no piece follows. Then every reported token is complete, and nil means that the text
  ///   was one JSON value.
  package mutating func next(
    in piece: RawSpan, isLast: Bool = false
  ) throws(JSONDefect) -> JSONEvent? {
    while piece.has(place) {
      let event: JSONEvent?
      switch state {
      case .text: event = try readText(piece, isLast: isLast)
      case .number: event = try readNumber(piece, isLast: isLast)
      case .word: event = try readWord(piece, isLast: isLast)
      default:
        if nesting.depth > reportedDepth {
          passUnreported(piece)
          guard piece.has(place) else { continue }
        }
        let byte = piece[place]
        if byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
          place &+= 1
          continue
        }
        event = try readMark(byte)
      }
      if let event { return event }
    }
    if isLast { return try readEnd() }
    base &+= piece.byteCount
    place = 0
    return nil
  }

  func defect(_ expected: JSONDefect.Expected, before: Int = 0) -> JSONDefect {
    JSONDefect(offset: offset - before, expected: expected)
  }

  /// Whether a token at this depth is reported.
  @inline(__always)
  var reports: Bool { nesting.depth <= reportedDepth }

  @inline(__always)
  mutating func endValue() { state = nesting.depth == 0 ? .ended : .commaOrEnd }

  // MARK: Between tokens

  /// Takes a bracket, comma or colon, or begins a token. `byte` is the one at ``place``.
  @inline(__always)
  private mutating func readMark(_ byte: UInt8) throws(JSONDefect) -> JSONEvent? {
    switch state {
    case .commaOrEnd:
      if byte == UInt8(ascii: ",") {
        place &+= 1
        state = nesting.isInObject ? .name : .value
        return nil
      }
      guard byte == (nesting.isInObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
        throw defect(nesting.isInObject ? .commaOrObjectEnd : .commaOrArrayEnd)
      }
      return closeBracket()
    case .colon:
      guard byte == UInt8(ascii: ":") else { throw defect(.colon) }
      place &+= 1
      state = .value
      return nil
    case .name, .nameOrEnd:
      if byte == UInt8(ascii: "\"") {
        beginText(isName: true)
        return nil
      }
      guard byte == UInt8(ascii: "}"), state == .nameOrEnd else { throw defect(.memberName) }
      return closeBracket()
    case .value, .elementOrEnd:
      return try beginValue(byte)
    default:
      throw defect(.nothingMore)
    }
  }

  @inline(__always)
  private mutating func beginValue(_ byte: UInt8) throws(JSONDefect) -> JSONEvent? {
    switch byte {
    case UInt8(ascii: "\""): beginText(isName: false)
    case UInt8(ascii: "{"): return try openBracket(isObject: true)
    case UInt8(ascii: "["): return try openBracket(isObject: false)
    case UInt8(ascii: "]") where state == .elementOrEnd: return closeBracket()
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      beginToken(.number)
      number = .start
    case UInt8(ascii: "t"): beginWord(.isTrue, 0x6575_7274)
    case UInt8(ascii: "f"): beginWord(.isFalse, 0x65_736C_6166)
    case UInt8(ascii: "n"): beginWord(.null, 0x6C6C_756E)
    default: throw defect(.value)
    }
    return nil
  }

  @inline(__always)
  mutating func beginToken(_ state: State) {
    tokenOffset = offset
    isFirstPart = true
    self.state = state
  }

  @inline(__always)
  private mutating func openBracket(isObject: Bool) throws(JSONDefect) -> JSONEvent? {
    guard nesting.depth < depthLimit else { throw defect(.lessNesting) }
    let reports = reports
    nesting.open(isObject: isObject)
    state = isObject ? .nameOrEnd : .elementOrEnd
    return bracket(isObject ? .objectStart : .arrayStart, reports)
  }

  @inline(__always)
  private mutating func closeBracket() -> JSONEvent? {
    let kind: JSONEvent.Kind = nesting.isInObject ? .objectEnd : .arrayEnd
    nesting.close()
    endValue()
    return bracket(kind, reports)
  }

  @inline(__always)
  private mutating func bracket(_ kind: JSONEvent.Kind, _ reports: Bool) -> JSONEvent? {
    place &+= 1
    guard reports else { return nil }
    tokenOffset = offset &- 1
    return JSONEvent(
      kind: kind, isFirst: true, isLast: true, isWhole: false, start: place &- 1, end: place)
  }

  /// The token's part from `start` to `end`; nil if it is not reported.
  @inline(__always)
  mutating func part(
    _ kind: JSONEvent.Kind, from start: Int, to end: Int, isLast: Bool, isWhole: Bool = false
  ) -> JSONEvent? {
    let isFirst = isFirstPart
    isFirstPart = false
    guard reports else { return nil }
    return JSONEvent(
      kind: kind, isFirst: isFirst, isLast: isLast, isWhole: isWhole, start: start, end: end)
  }

  /// Throws what was expected at the end of the text, or ends a number there.
  @inline(never)
  private mutating func readEnd() throws(JSONDefect) -> JSONEvent? {
    switch state {
    case .ended: return nil
    case .value, .elementOrEnd: throw defect(.value)
    case .name, .nameOrEnd: throw defect(.memberName)
    case .colon: throw defect(.colon)
    case .commaOrEnd: throw defect(nesting.isInObject ? .commaOrObjectEnd : .commaOrArrayEnd)
    case .text: throw textCut
    case .word: throw JSONDefect(offset: tokenOffset, expected: .value)
    // The number's end is reported even if no byte of the number is in the last piece.
    case .number: return try endNumber(from: place)
    }
  }
}
