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

  private let rules: BodyRedaction
  private var reader: JSONReader

  @_lifetime(copy text)
  init(_ text: RawSpan, by rules: BodyRedaction) {
    self.rules = rules
    reader = JSONReader(text, depthLimit: BodyRedaction.depthLimit)
  }

  /// Appends the text, which must be one value and nothing else.
  @_lifetime(self: copy self)
  mutating func putWhole(into out: inout ByteBuffer) throws(BodyOmission) {
    do throws(JSONDefect) {
      var context = Context(open: rules.all)
      if reader.next() == UInt8(ascii: "\"") {
        // A text without a name: it may be anything, a token too.
        out.put(RedactedCopy.mask)
        context.isShown = false
      }
      try putValue(context, into: &out)
      try reader.end()
    } catch {
      throw error.expected == .lessNesting ? .tooDeep : .notJSON
    }
  }

  @_lifetime(self: copy self)
  private mutating func putValue(
    _ context: Context, into out: inout ByteBuffer
  ) throws(JSONDefect) {
    switch reader.next() {
    case UInt8(ascii: "{"): try putObject(context, into: &out)
    case UInt8(ascii: "["): try putArray(context, into: &out)
    case UInt8(ascii: "\""):
      let inside = try readString()
      guard context.isShown else { return }
      if hides(inside) {
        out.put(RedactedCopy.mask)
      } else {
        put(quoted: inside, into: &out)
      }
    default:
      let start = reader.offset
      try reader.skipValue()
      if context.isShown { out.put(reader.slice(start..<reader.offset)) }
    }
  }

  @_lifetime(self: copy self)
  private mutating func putObject(
    _ context: Context, into out: inout ByteBuffer
  ) throws(JSONDefect) {
    let isShown = context.isShown
    var isFirst = true
    try reader.beginObject()
    if isShown { out.put(UInt8(ascii: "{")) }
    while try reader.nextMember(isFirst: isFirst) {
      if isShown, !isFirst { out.put(UInt8(ascii: ",")) }
      isFirst = false
      let inside = try readString()
      try reader.takeColon()
      guard isShown else {
        try putValue(below(context), into: &out)
        continue
      }
      put(quoted: inside, into: &out)
      out.put(UInt8(ascii: ":"))
      let name = JSONText.plain(reader.slice(inside))
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
    if isShown { out.put(UInt8(ascii: "}")) }
  }

  @_lifetime(self: copy self)
  private mutating func putArray(
    _ context: Context, into out: inout ByteBuffer
  ) throws(JSONDefect) {
    let isShown = context.isShown
    var index = 0
    try reader.beginArray()
    if isShown { out.put(UInt8(ascii: "[")) }
    while try reader.nextElement(isFirst: index == 0) {
      if isShown, index > 0 { out.put(UInt8(ascii: ",")) }
      let element = index
      let path = rules.follow(context.open, depth: context.depth + 1) { step in
        step == .every || step == .element(element)
      }
      // A list of learners is as much theirs as a single one is.
      try put(
        below(context, open: path.open, isLearner: context.isLearner), isShown && path.isHidden,
        into: &out)
      index += 1
    }
    if isShown { out.put(UInt8(ascii: "]")) }
  }

  /// What the grammar allows is copied as it is, half a surrogate pair too.
  @_lifetime(self: copy self)
  private mutating func readString() throws(JSONDefect) -> Range<Int> {
    try reader.stringBounds(allowsLoneSurrogates: true)
  }

  /// Appends a string of the text with its quotation marks.
  private func put(quoted inside: Range<Int>, into out: inout ByteBuffer) {
    out.put(reader.slice(inside.lowerBound - 1..<inside.upperBound + 1))
  }

  @_lifetime(self: copy self)
  private mutating func put(
    _ context: Context, _ isHidden: Bool, into out: inout ByteBuffer
  ) throws(JSONDefect) {
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
    let plain = JSONText.plain(reader.slice(inside))
    return HiddenText.hides(plain)
  }
}
