/// Reads one JSON text token by token, strictly by RFC 8259: no comments, no trailing commas, no byte order
/// mark, nothing behind the value, and UTF-8 only.
///
/// Who uses it knows the shape, asks for what should come, and gets where it stands in the bytes; nothing is
/// copied but a string that is asked for. Arrays and objects are bounded in depth, the text by whoever has
/// collected it. What two members of one name mean is the user's business.
package struct JSONReader: ~Copyable, ~Escapable {
  let bytes: RawSpan
  private let depthLimit: Int
  private var depth = 0
  /// Bytes read. Behind ``next()`` it is where the next token begins.
  package internal(set) var offset = 0

  /// - Parameter depthLimit: arrays and objects within each other, the outermost one included.
  @_lifetime(copy bytes)
  package init(_ bytes: RawSpan, depthLimit: Int) {
    self.bytes = bytes
    self.depthLimit = depthLimit
  }

  /// Bytes that are not read yet.
  package var remaining: Int { bytes.byteCount - offset }

  /// The bytes in a range that the reader gave.
  @_lifetime(copy self)
  package func slice(_ range: Range<Int>) -> RawSpan {
    bytes.slice(range.lowerBound, range.upperBound)
  }

  /// The byte the next token begins with, blanks skipped; nil at the end.
  @_lifetime(self: copy self)
  package mutating func next() -> UInt8? {
    while offset < bytes.byteCount {
      switch bytes[offset] {
      case 0x20, 0x09, 0x0A, 0x0D: offset += 1
      case let byte: return byte
      }
    }
    return nil
  }

  /// Checks that nothing follows.
  @_lifetime(self: copy self)
  package mutating func end() throws(JSONDefect) {
    if next() != nil { throw defect(.nothingMore) }
  }

  func defect(_ expected: JSONDefect.Expected) -> JSONDefect {
    JSONDefect(offset: offset, expected: expected)
  }

  @_lifetime(self: copy self)
  mutating func take(_ byte: UInt8) -> Bool {
    guard next() == byte else { return false }
    offset += 1
    return true
  }

  /// The byte at the reader's place, blanks not skipped.
  var byte: UInt8? { offset < bytes.byteCount ? bytes[offset] : nil }
}

// MARK: Arrays and objects

extension JSONReader {
  @_lifetime(self: copy self)
  package mutating func beginObject() throws(JSONDefect) { try begin(UInt8(ascii: "{")) }

  @_lifetime(self: copy self)
  package mutating func beginArray() throws(JSONDefect) { try begin(UInt8(ascii: "[")) }

  @_lifetime(self: copy self)
  private mutating func begin(_ bracket: UInt8) throws(JSONDefect) {
    guard next() == bracket else { throw defect(.value) }
    guard depth < depthLimit else { throw defect(.lessNesting) }
    depth += 1
    offset += 1
  }

  /// Goes to the next member of an object: its name is next, then ``takeColon()``, then its value. False at
  /// the object's end, which is taken.
  @_lifetime(self: copy self)
  package mutating func nextMember(isFirst: Bool) throws(JSONDefect) -> Bool {
    if take(UInt8(ascii: "}")) {
      depth -= 1
      return false
    }
    guard isFirst || take(UInt8(ascii: ",")) else { throw defect(.commaOrObjectEnd) }
    guard next() == UInt8(ascii: "\"") else { throw defect(.memberName) }
    return true
  }

  @_lifetime(self: copy self)
  package mutating func takeColon() throws(JSONDefect) {
    guard take(UInt8(ascii: ":")) else { throw defect(.colon) }
  }

  /// Goes to the next element of an array. False at the array's end, which is taken.
  @_lifetime(self: copy self)
  package mutating func nextElement(isFirst: Bool) throws(JSONDefect) -> Bool {
    if take(UInt8(ascii: "]")) {
      depth -= 1
      return false
    }
    guard isFirst || take(UInt8(ascii: ",")) else { throw defect(.commaOrArrayEnd) }
    return true
  }

  /// Reads a value of any kind and drops it.
  @_lifetime(self: copy self)
  package mutating func skipValue() throws(JSONDefect) {
    var isFirst = true
    switch next() {
    case UInt8(ascii: "{"):
      try beginObject()
      while try nextMember(isFirst: isFirst) {
        isFirst = false
        _ = try stringBounds()
        try takeColon()
        try skipValue()
      }
    case UInt8(ascii: "["):
      try beginArray()
      while try nextElement(isFirst: isFirst) {
        isFirst = false
        try skipValue()
      }
    case UInt8(ascii: "\""): _ = try stringBounds()
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): _ = try word()
    default: _ = try number()
    }
  }
}
