package import Memory

/// Writes one JSON text without blanks, in UTF-8, into a byte buffer. Commas come by themselves.
///
///     var json = JSONWriter()
///     json.object { json in
///       json.member("app", name)
///       json.array("limits") { json in for limit in limits { json.value(limit) } }
///     }
///
/// Names and texts are escaped as everywhere in this project (``Memory/ByteBuffer/put(escapingForJSON:)``). For what is written
/// once a page or a problem; the line of the traffic log appends by hand.
package struct JSONWriter: ~Copyable {
  private var out: ByteBuffer
  /// A bit for each open bracket, the innermost lowest: something is in it already.
  private var isFilled: UInt64 = 0
  /// A name was written, so its value follows without a comma.
  private var isAfterName = false
  private var breaksLine = false

  package init() { out = ByteBuffer() }

  /// Appends to `out` what `body` writes.
  package static func put(into out: inout ByteBuffer, _ body: (inout JSONWriter) -> Void) {
    var writer = JSONWriter()
    swap(&writer.out, &out)
    body(&writer)
    swap(&writer.out, &out)
  }

  /// What was written so far.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get { out.bytes }
  }

  /// What was written so far, as text.
  package var text: String { out.bytes.text }

  /// The text of one object and a line feed: an answer.
  package static func line(_ body: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter()
    writer.object(body)
    writer.out.put(UInt8(ascii: "\n"))
    return writer.text
  }

  // MARK: Arrays and objects

  package mutating func object(_ body: (inout JSONWriter) -> Void) {
    open(UInt8(ascii: "{"))
    body(&self)
    close(UInt8(ascii: "}"))
  }

  package mutating func array(_ body: (inout JSONWriter) -> Void) {
    open(UInt8(ascii: "["))
    body(&self)
    close(UInt8(ascii: "]"))
  }

  package mutating func object(_ name: StaticString, _ body: (inout JSONWriter) -> Void) {
    self.name(name)
    object(body)
  }

  package mutating func array(_ name: StaticString, _ body: (inout JSONWriter) -> Void) {
    self.name(name)
    array(body)
  }

  /// An array of texts.
  package mutating func array(_ name: StaticString, of texts: [String]) {
    array(name) { json in for text in texts { json.value(text) } }
  }

  // MARK: Members

  /// A member's name; its value must follow. `name` is ASCII without what JSON escapes.
  package mutating func name(_ name: StaticString) {
    separate()
    out.put(UInt8(ascii: "\""))
    out.put(name)
    out.put("\":")
    isAfterName = true
  }

  /// A member's name of any characters; its value must follow.
  package mutating func name(_ name: String) {
    value(name)
    out.put(UInt8(ascii: ":"))
    isAfterName = true
  }

  package mutating func member(_ name: StaticString, _ text: String) {
    self.name(name)
    value(text)
  }

  package mutating func member(_ name: StaticString, _ text: StaticString) {
    self.name(name)
    value(text)
  }

  package mutating func member(_ name: StaticString, _ number: some BinaryInteger) {
    self.name(name)
    value(number)
  }

  package mutating func member(_ name: StaticString, _ flag: Bool) {
    self.name(name)
    value(flag)
  }

  /// A member whose value is JSON already: a number with a fraction, say.
  package mutating func member(_ name: StaticString, json text: String) {
    self.name(name)
    value(json: text.utf8.span.bytesOfElements)
  }

  // MARK: Values

  package mutating func value(_ text: String) {
    separate()
    out.put(UInt8(ascii: "\""))
    out.put(escapingForJSON: text)
    out.put(UInt8(ascii: "\""))
  }

  /// `text` is ASCII without what JSON escapes.
  package mutating func value(_ text: StaticString) {
    separate()
    out.put(UInt8(ascii: "\""))
    out.put(text)
    out.put(UInt8(ascii: "\""))
  }

  package mutating func value(_ text: RawSpan) {
    separate()
    out.put(UInt8(ascii: "\""))
    out.put(escapingForJSON: text)
    out.put(UInt8(ascii: "\""))
  }

  package mutating func value(_ number: some BinaryInteger) {
    separate()
    if let small = Int(exactly: number) {
      out.put(decimal: small)
    } else {
      out.put(text: "\(number)")
    }
  }

  /// Numbers that JSON cannot say (infinities, NaN) become `null`.
  package mutating func value(_ number: Double) {
    separate()
    if number.isFinite { out.put(text: number.description) } else { out.put("null") }
  }

  package mutating func value(_ flag: Bool) {
    separate()
    out.put(flag ? "true" : "false")
  }

  package mutating func null() {
    separate()
    out.put("null")
  }

  /// What is JSON already, as it is.
  package mutating func value(json text: RawSpan) {
    separate()
    out.put(text)
  }

  /// Has the next value or bracket begin a line, for people who look at the text.
  package mutating func breakLine() { breaksLine = true }

  // MARK: Marks

  private mutating func open(_ bracket: UInt8) {
    separate()
    assert(isFilled &>> 63 == 0, "64 brackets within each other are all that is counted")
    isFilled = isFilled &<< 1
    out.put(bracket)
  }

  private mutating func close(_ bracket: UInt8) {
    assert(!isAfterName, "a name has no value")
    isFilled = isFilled &>> 1
    putLineBreak()
    out.put(bracket)
  }

  /// The comma before a value, or before a member's name.
  private mutating func separate() {
    if isAfterName {
      isAfterName = false
      return
    }
    if isFilled & 1 != 0 { out.put(UInt8(ascii: ",")) }
    isFilled |= 1
    putLineBreak()
  }

  private mutating func putLineBreak() {
    if breaksLine { out.put(UInt8(ascii: "\n")) }
    breaksLine = false
  }
}
