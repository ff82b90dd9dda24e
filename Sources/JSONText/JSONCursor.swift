internal import Memory

/// Reads one complete JSON text, value by value: a ``JSONReader`` over a single piece.
///
/// The caller knows the shape and asks for what should come next. It gets ranges of the bytes; no text is copied unless
/// the caller asks for it. The event of a container is followed by its members or elements, or the container is
/// skipped.
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
  ///   - depthLimit: greatest nesting depth of arrays and objects, including the outermost one: 1 ... 128.
  ///   - allowsLoneSurrogates: accepts escapes of half a character, as the grammar does (RFC 8259 section 8.2).
  @_lifetime(copy bytes)
  package init(_ bytes: RawSpan, depthLimit: Int, allowsLoneSurrogates: Bool = false) {
    self.bytes = bytes
    reader = JSONReader(depthLimit: depthLimit, allowsLoneSurrogates: allowsLoneSurrogates)
  }

  /// Bytes read.
  package var offset: Int { reader.offset }
  /// Bytes not yet read.
  package var remaining: Int { bytes.byteCount - reader.offset }

  /// The bytes of a range that the cursor returned.
  @_lifetime(copy self)
  package func slice(_ range: Range<Int>) -> RawSpan {
    bytes.slice(range.lowerBound, range.upperBound)
  }

  /// The next event. Also throws at the end of a complete text, because no event can follow.
  @_lifetime(self: copy self)
  package mutating func next() throws(JSONDefect) -> JSONEvent {
    guard let event = try reader.next(in: bytes, isLast: true) else { throw reader.defect(.value) }
    return event
  }

  /// The next value. The contents of a container must be read or skipped afterwards.
  @_lifetime(self: copy self)
  package mutating func value() throws(JSONDefect) -> JSONEvent {
    let event = try next()
    assert(event.kind != .objectEnd && event.kind != .arrayEnd && event.kind != .name)
    return event
  }

  /// Enters the next value, which must be an object.
  @_lifetime(self: copy self)
  package mutating func beginObject() throws(JSONDefect) {
    if try next().kind != .objectStart { throw startDefect }
  }

  /// Enters the next value, which must be an array.
  @_lifetime(self: copy self)
  package mutating func beginArray() throws(JSONDefect) {
    if try next().kind != .arrayStart { throw startDefect }
  }

  /// The next member's name, with escapes undecoded; its value follows. Nil at the end of the object.
  @_lifetime(self: copy self)
  package mutating func nextMember() throws(JSONDefect) -> Range<Int>? {
    let event = try next()
    assert(event.kind == .name || event.kind == .objectEnd, "a member's value was not read")
    return event.kind == .name ? event.range : nil
  }

  /// The array's next element; nil at its end.
  @_lifetime(self: copy self)
  package mutating func nextElement() throws(JSONDefect) -> JSONEvent? {
    let event = try next()
    return event.kind == .arrayEnd ? nil : event
  }

  /// Skips the contents of `value` if it is an array or object whose contents have not been read.
  @_lifetime(self: copy self)
  package mutating func skip(_ value: JSONEvent) throws(JSONDefect) {
    guard value.isContainer else { return }
    reader.reportedDepth = reader.depth - 1
    _ = try next()
    reader.reportedDepth = .max
  }

  /// Reads the next value of any kind, and returns the range of all of it, including quotation marks.
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

  /// The defect of a value that begins with a different byte than required.
  private var startDefect: JSONDefect {
    JSONDefect(offset: reader.tokenOffset, expected: .value)
  }
}
