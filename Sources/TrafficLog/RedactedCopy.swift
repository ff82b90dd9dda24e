internal import Memory

/// Copies one JSON text, RFC 8259, strictly: what the grammar does not allow is refused, nothing is repaired.
/// Values that a ``BodyRedaction`` hides are read, and replaced.
struct RedactedCopy: ~Copyable, ~Escapable {
  private static let mask: StaticString = "\"***\""

  /// Where a value stands, and whether it is shown.
  private struct Context {
    /// Steps from the outermost value.
    var depth = 0
    /// Paths that lead here, one bit each.
    var open: UInt32
    var isShown = true
    /// It is the value of a member called `learner`.
    var isLearner = false
  }

  private let text: RawSpan
  private let rules: BodyRedaction
  private var at = 0

  @_lifetime(copy text)
  init(_ text: RawSpan, by rules: BodyRedaction) {
    self.text = text
    self.rules = rules
  }

  /// Appends the text, which must be one value and nothing else.
  @_lifetime(self: copy self)
  mutating func putWhole(into out: inout ByteBuffer) throws(BodyOmission) {
    var context = Context(open: rules.all)
    if next() == UInt8(ascii: "\"") {
      // A text without a name: it may be anything, a token too.
      out.put(RedactedCopy.mask)
      context.isShown = false
    }
    try putValue(context, into: &out)
    guard next() == nil else { throw .notJSON }
  }

  @_lifetime(self: copy self)
  private mutating func putValue(
    _ context: Context, into out: inout ByteBuffer
  ) throws(BodyOmission) {
    guard let byte = next() else { throw .notJSON }
    let start = at
    switch byte {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard context.depth < BodyRedaction.depthLimit else { throw .tooDeep }
      if byte == UInt8(ascii: "{") {
        try putObject(context, into: &out)
      } else {
        try putArray(context, into: &out)
      }
      return
    case UInt8(ascii: "\""):
      let inside = try readString()
      if context.isShown, hides(inside) {
        out.put(RedactedCopy.mask)
        return
      }
    case UInt8(ascii: "t"): try readWord("true")
    case UInt8(ascii: "f"): try readWord("false")
    case UInt8(ascii: "n"): try readWord("null")
    default: try readNumber()
    }
    if context.isShown { out.put(text.slice(start, at)) }
  }

  @_lifetime(self: copy self)
  private mutating func putObject(
    _ context: Context, into out: inout ByteBuffer
  ) throws(BodyOmission) {
    let isShown = context.isShown
    var isFirst = true
    at += 1
    if isShown { out.put(UInt8(ascii: "{")) }
    while next() != UInt8(ascii: "}") || !isFirst {
      if !isFirst {
        if take("}") { break }
        guard take(",") else { throw .notJSON }
        if isShown { out.put(UInt8(ascii: ",")) }
      }
      isFirst = false
      guard next() == UInt8(ascii: "\"") else { throw .notJSON }
      let inside = try readString()
      guard take(":") else { throw .notJSON }
      guard isShown else {
        try putValue(below(context), into: &out)
        continue
      }
      out.put(text.slice(inside.lowerBound - 1, inside.upperBound + 1))
      out.put(UInt8(ascii: ":"))
      let name = JSONText.plain(text.slice(inside.lowerBound, inside.upperBound))
      let path = rules.follow(context.open, depth: context.depth + 1) { step in
        switch step {
        case .member(let wanted): name.elementsEqual(wanted.utf8)
        case .every: true
        case .element: false
        }
      }
      let isHidden =
        path.isHidden || HiddenNames.hides(name.span.bytesOfElements, ofLearner: context.isLearner)
      try put(
        below(context, open: path.open, isLearner: HiddenNames.isLearner(name)), isHidden,
        into: &out
      )
    }
    if isFirst { at += 1 }
    if isShown { out.put(UInt8(ascii: "}")) }
  }

  @_lifetime(self: copy self)
  private mutating func putArray(
    _ context: Context, into out: inout ByteBuffer
  ) throws(BodyOmission) {
    let isShown = context.isShown
    at += 1
    if isShown { out.put(UInt8(ascii: "[")) }
    var index = 0
    if next() == UInt8(ascii: "]") {
      at += 1
    } else {
      repeat {
        if isShown, index > 0 { out.put(UInt8(ascii: ",")) }
        let path = rules.follow(context.open, depth: context.depth + 1) { step in
          step == .every || step == .element(index)
        }
        // A list of learners is as much theirs as a single one is.
        try put(
          below(context, open: path.open, isLearner: context.isLearner), isShown && path.isHidden,
          into: &out)
        index += 1
      } while take(",")
      guard take("]") else { throw .notJSON }
    }
    if isShown { out.put(UInt8(ascii: "]")) }
  }

  @_lifetime(self: copy self)
  private mutating func put(
    _ context: Context, _ isHidden: Bool, into out: inout ByteBuffer
  ) throws(BodyOmission) {
    var context = context
    if isHidden {
      out.put(RedactedCopy.mask)
      context.isShown = false
    }
    try putValue(context, into: &out)
  }

  private func below(_ context: Context, open: UInt32 = 0, isLearner: Bool = false) -> Context {
    Context(
      depth: context.depth + 1, open: open, isShown: context.isShown, isLearner: isLearner)
  }

  private func hides(_ inside: Range<Int>) -> Bool {
    let plain = JSONText.plain(text.slice(inside.lowerBound, inside.upperBound))
    return HiddenText.hides(plain)
  }
}

/// Reading, token by token.
extension RedactedCopy {
  /// The byte of the next token; nil at the end.
  @_lifetime(self: copy self)
  private mutating func next() -> UInt8? {
    while at < text.byteCount {
      switch text[at] {
      case 0x20, 0x09, 0x0A, 0x0D: at += 1
      case let byte: return byte
      }
    }
    return nil
  }

  @_lifetime(self: copy self)
  private mutating func take(_ mark: Unicode.Scalar) -> Bool {
    guard next() == UInt8(ascii: mark) else { return false }
    at += 1
    return true
  }

  /// Reads the string at `at`. Returns where what is between its quotes stands.
  @_lifetime(self: copy self)
  private mutating func readString() throws(BodyOmission) -> Range<Int> {
    at += 1
    let start = at
    while at < text.byteCount {
      switch text[at] {
      case UInt8(ascii: "\""):
        at += 1
        return start..<at - 1
      case UInt8(ascii: "\\"): try readEscape()
      case 0..<0x20: throw .notJSON
      case 0x20..<0x80: at += 1
      default:
        guard let (_, length) = text.scalar(at: at, before: text.byteCount) else { throw .notJSON }
        at += length
      }
    }
    throw .notJSON
  }

  @_lifetime(self: copy self)
  private mutating func readEscape() throws(BodyOmission) {
    guard at + 1 < text.byteCount else { throw .notJSON }
    switch text[at + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      at += 2
    case UInt8(ascii: "u"):
      guard at + 6 <= text.byteCount else { throw .notJSON }
      for i in at + 2..<at + 6 {
        let isDigit = text[i] &- 0x30 < 10 || text[i].asciiLowercased &- 0x61 < 6
        guard isDigit else { throw .notJSON }
      }
      at += 6
    default: throw .notJSON
    }
  }

  @_lifetime(self: copy self)
  private mutating func readWord(_ word: StaticString) throws(BodyOmission) {
    let end = at + word.utf8CodeUnitCount
    guard end <= text.byteCount, text.slice(at, end).equals(word) else { throw .notJSON }
    at = end
  }

  @_lifetime(self: copy self)
  private mutating func readNumber() throws(BodyOmission) {
    if peek() == UInt8(ascii: "-") { at += 1 }
    if peek() == UInt8(ascii: "0") { at += 1 } else { try readDigits() }
    if peek() == UInt8(ascii: ".") {
      at += 1
      try readDigits()
    }
    if let byte = peek(), byte.asciiLowercased == UInt8(ascii: "e") {
      at += 1
      if let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { at += 1 }
      try readDigits()
    }
  }

  @_lifetime(self: copy self)
  private mutating func readDigits() throws(BodyOmission) {
    let start = at
    while let byte = peek(), byte &- 0x30 < 10 { at += 1 }
    if at == start { throw .notJSON }
  }

  private func peek() -> UInt8? { at < text.byteCount ? text[at] : nil }
}
