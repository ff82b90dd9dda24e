internal import JSONText
internal import Memory

/// Copies one JSON text strictly by RFC 8259: what the grammar does not allow is refused, and nothing is repaired.
/// Values that a ``BodyRedaction`` hides are read and replaced.
struct RedactedCopy: ~Copyable, ~Escapable {
  private static let mask: StaticString = "\"***\""

  /// The position of a value in the structure, and whether it is shown.
  private struct Context {
    /// Steps from the outermost value.
    var depth = 0
    /// Paths that lead to this value, one bit each.
    var open: UInt32
    var isShown = true
    /// Whether it is the value of a member that describes a learner.
    var isLearner = false
  }

  private let rules: BodyRedaction
  private var cursor: JSONCursor

  @_lifetime(copy text)
  init(_ text: RawSpan, by rules: BodyRedaction) {
    self.rules = rules
    // What the grammar allows is copied unchanged, even half a surrogate pair.
    cursor = JSONCursor(text, depthLimit: BodyRedaction.depthLimit, allowsLoneSurrogates: true)
  }

  /// Appends the text, which must be one value and nothing else.
  @_lifetime(self: copy self)
  mutating func putWhole(into out: inout ByteBuffer) throws(BodyOmission) {
    do throws(JSONDefect) {
      var context = Context(open: rules.all)
      let value = try cursor.value()
      if value.kind == .string {
        // A text without a name may be anything, even a token.
        out.put(RedactedCopy.mask)
        context.isShown = false
      }
      try put(value, context, into: &out)
      try cursor.end()
    } catch {
      throw error.expected == .lessNesting ? .tooDeep : .notJSON
    }
  }

  @_lifetime(self: copy self)
  private mutating func put(
    _ value: JSONEvent, _ context: Context, into out: inout ByteBuffer
  ) throws(JSONDefect) {
    switch value.kind {
    case .objectStart where context.isShown: try putObject(context, into: &out)
    case .arrayStart where context.isShown: try putArray(context, into: &out)
    case .string where context.isShown:
      if hides(value.range) {
        out.put(RedactedCopy.mask)
      } else {
        put(quoted: value.range, into: &out)
      }
    default:
      if context.isShown { out.put(cursor.slice(value.range)) }
      try cursor.skip(value)
    }
  }

  @_lifetime(self: copy self)
  private mutating func putObject(
    _ context: Context, into out: inout ByteBuffer
  ) throws(JSONDefect) {
    var isFirst = true
    out.put(UInt8(ascii: "{"))
    while let inside = try cursor.nextMember() {
      if !isFirst { out.put(UInt8(ascii: ",")) }
      isFirst = false
      put(quoted: inside, into: &out)
      out.put(UInt8(ascii: ":"))
      let name = JSONString.text(of: cursor.slice(inside))
      let path = rules.follow(context.open, depth: context.depth + 1) { step in
        switch step {
        case .member(let wanted): name.elementsEqual(wanted.utf8)
        case .every: true
        case .element: false
        }
      }
      let isHidden =
        path.isHidden || HiddenNames.hides(name.span.bytesOfElements, ofLearner: context.isLearner)
      try putNext(
        below(context, open: path.open, isLearner: HiddenNames.isLearner(name)), isHidden,
        cursor.value(), into: &out)
    }
    out.put(UInt8(ascii: "}"))
  }

  @_lifetime(self: copy self)
  private mutating func putArray(
    _ context: Context, into out: inout ByteBuffer
  ) throws(JSONDefect) {
    var index = 0
    out.put(UInt8(ascii: "["))
    while let value = try cursor.nextElement() {
      if index > 0 { out.put(UInt8(ascii: ",")) }
      let element = index
      let path = rules.follow(context.open, depth: context.depth + 1) { step in
        step == .every || step == .element(element)
      }
      // Each element of a list of learners is a learner.
      try putNext(
        below(context, open: path.open, isLearner: context.isLearner), path.isHidden, value,
        into: &out)
      index += 1
    }
    out.put(UInt8(ascii: "]"))
  }

  /// Appends a string of the text, including its quotation marks.
  private func put(quoted inside: Range<Int>, into out: inout ByteBuffer) {
    out.put(cursor.slice(inside.lowerBound - 1..<inside.upperBound + 1))
  }

  @_lifetime(self: copy self)
  private mutating func putNext(
    _ context: Context, _ isHidden: Bool, _ value: JSONEvent, into out: inout ByteBuffer
  ) throws(JSONDefect) {
    var context = context
    if isHidden {
      out.put(RedactedCopy.mask)
      context.isShown = false
    }
    try put(value, context, into: &out)
  }

  private func below(_ context: Context, open: UInt32 = 0, isLearner: Bool = false) -> Context {
    Context(
      depth: context.depth + 1, open: open, isShown: context.isShown, isLearner: isLearner)
  }

  private func hides(_ inside: Range<Int>) -> Bool {
    let plain = JSONString.text(of: cursor.slice(inside))
    return HiddenText.hides(plain)
  }
}
