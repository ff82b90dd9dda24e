internal import Memory

/// Reads one JSON text that is at hand as a whole, value by value: a ``JSONReader`` over a single piece.
///
/// The caller knows the shape and asks for what should come. It gets places in the bytes; nothing is copied but a
/// text that is asked for. After a container's event come its members or elements, or it is skipped.
///
///     try cursor.beginObject()
///     while let name = try cursor.nextMember() {
///       let value = try cursor.value()
///       try cursor.skip(value)
///     }
///     try cursor.end()
package struct JSONCursor: ~Copyable, ~Escapable {
  package let bytes: RawSpan
  private var reader: JSONReader

  /// - Parameters:
  ///   - depthLimit: arrays and objects within each other, the outermost one included: 1 ... 128.
  ///   - allowsLoneSurrogates: escapes for half a character pass, as the grammar has it (RFC 8259 section 8.2).
  @_lifetime(copy bytes)
  package init(_ bytes: RawSpan, depthLimit: Int, allowsLoneSurrogates: Bool = false) {
    self.bytes = bytes
    reader = JSONReader(depthLimit: depthLimit, allowsLoneSurrogates: allowsLoneSurrogates)
  }

  /// Bytes read.
  package var offset: Int { reader.offset }
  /// Bytes that are not read yet.
  package var remaining: Int { bytes.byteCount - reader.offset }

  /// The bytes of a place that the cursor gave.
  @_lifetime(copy self)
  package func slice(_ range: Range<Int>) -> RawSpan {
    bytes.slice(range.lowerBound, range.upperBound)
  }

  /// What comes next. Throws also where the text is complete: then there is nothing to ask for.
  @_lifetime(self: copy self)
  package mutating func next() throws(JSONDefect) -> JSONEvent {
    guard let event = try reader.next(in: bytes, isLast: true) else { throw reader.defect(.value) }
    return event
  }

  /// The next value, of which a container's inside is yet to be read or skipped.
  @_lifetime(self: copy self)
  package mutating func value() throws(JSONDefect) -> JSONEvent {
    let event = try next()
    assert(event.kind != .objectEnd && event.kind != .arrayEnd && event.kind != .name)
    return event
  }

  /// Goes into the value, which must be an object.
  @_lifetime(self: copy self)
  package mutating func beginObject() throws(JSONDefect) {
    if try next().kind != .objectStart { throw startDefect }
  }

  /// Goes into the value, which must be an array.
  @_lifetime(self: copy self)
  package mutating func beginArray() throws(JSONDefect) {
    if try next().kind != .arrayStart { throw startDefect }
  }

  /// The next member's name, escapes as they are; its value comes next. Nil at the object's end.
  @_lifetime(self: copy self)
  package mutating func nextMember() throws(JSONDefect) -> Range<Int>? {
    let event = try next()
    assert(event.kind == .name || event.kind == .objectEnd, "a member's value was not read")
    return event.kind == .name ? event.range : nil
  }

  /// The array's next element. Nil at its end.
  @_lifetime(self: copy self)
  package mutating func nextElement() throws(JSONDefect) -> JSONEvent? {
    let event = try next()
    return event.kind == .arrayEnd ? nil : event
  }

  /// Passes over what is in `value`, if that is an array or object whose inside is not read yet.
  @_lifetime(self: copy self)
  package mutating func skip(_ value: JSONEvent) throws(JSONDefect) {
    guard value.isContainer else { return }
    reader.reportedDepth = reader.depth - 1
    _ = try next()
    reader.reportedDepth = .max
  }

  /// Reads the next value, whatever it is, and says where all of it stands, quotation marks included.
  @_lifetime(self: copy self)
  package mutating func skipValue() throws(JSONDefect) -> Range<Int> {
    let value = try value()
    let start = reader.tokenOffset
    try skip(value)
    return start..<reader.offset
  }

  /// Checks that nothing follows the value.
  @_lifetime(self: copy self)
  package mutating func end() throws(JSONDefect) {
    if try reader.next(in: bytes, isLast: true) != nil {
      throw JSONDefect(offset: reader.tokenOffset, expected: .nothingMore)
    }
  }

  /// The defect of a value that begins with another byte than was wanted.
  private var startDefect: JSONDefect {
    JSONDefect(offset: reader.tokenOffset, expected: .value)
  }
}
