package import Memory

/// Writes one JSON text without blanks, in UTF-8, into a byte buffer. Commas are added automatically.
///
///     var json = JSONWriter()
///     json.object { json in
///       json.member("app", name)
///       json.array("limits") { json in for limit in limits { json.value(limit) } }
///     }
///
/// Names and texts are escaped as everywhere in this project (``Memory/ByteBuffer/put(escapingForJSON:)``). It is for
/// texts that are written once, such as a page or a problem. The line of the traffic log is written by hand.
package struct JSONWriter: ~Copyable {
  private var out: ByteBuffer
  /// One bit for each open bracket, the innermost lowest: whether it contains something already.
  private var isFilled: UInt64 = 0
  /// Whether a name was just written, so that its value follows without a comma.
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

  /// The bytes written so far.
  package var bytes: RawSpan {
    @_lifetime(borrow self)
    get { out.bytes }
  }

  /// The text written so far.
  package var text: String { out.bytes.text }

  /// The text of one object and a line feed, for an answer.
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

  /// Writes a member's name. Its value must follow. `name` is ASCII without characters that JSON escapes.
  package mutating func name(_ name: StaticString) {
    separate()
    out.put(UInt8(ascii: "\""))
    out.put(name)
    out.put("\":")
    isAfterName = true
  }

  /// Writes a member's name with any characters. Its value must follow.
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

  /// Writes a member whose value is already JSON, such as a number with a fraction.
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

  /// Writes a text. `text` is ASCII without characters that JSON escapes.
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

  /// Writes a number. Numbers that JSON has no form for (infinities, NaN) become `null`.
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

  /// Writes `text`, which is already JSON, unchanged.
  package mutating func value(json text: RawSpan) {
    separate()
    out.put(text)
  }

  /// Puts the next value or bracket on a new line, for people who read the text.
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

  /// Writes the comma before a value or before a member's name.
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
