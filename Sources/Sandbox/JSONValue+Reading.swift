package import JSONText
internal import Memory

/// Parsing of JSON bodies.
extension JSONValue {
  /// Greatest depth of nested arrays and objects: far more than any SCORM Cloud body has, and far less than would
  /// exhaust the stack.
  static let maximumDepth = 32

  /// Parses `bytes` as one JSON value. Throws the place where they stop being JSON.
  package init(json bytes: [UInt8]) throws(JSONDefect) {
    var cursor = JSONCursor(bytes.span.bytesOfElements, depthLimit: JSONValue.maximumDepth)
    self = try JSONValue(cursor.value(), &cursor)
    try cursor.end()
  }

  private init(_ value: JSONEvent, _ cursor: inout JSONCursor) throws(JSONDefect) {
    switch value.kind {
    case .objectStart: self = .object(try JSONValue.members(&cursor))
    case .arrayStart: self = .array(try JSONValue.elements(&cursor))
    case .string: self = .string(JSONValue.text(value.range, cursor))
    case .isTrue: self = .boolean(true)
    case .isFalse: self = .boolean(false)
    case .number:
      let text = cursor.slice(value.range).text
      if value.isWhole, let value = Int(text) {
        self = .integer(value)
      } else {
        // Every number of the grammar is valid for Swift too; one beyond its range becomes infinite.
        self = .number(Double(text) ?? .infinity)
      }
    // The end of a bracket and a name are not values; the cursor never returns them as one.
    case .null, .objectEnd, .arrayEnd, .name: self = .null
    }
  }

  private static func members(_ cursor: inout JSONCursor) throws(JSONDefect) -> [JSONMember] {
    var members: [JSONMember] = []
    while let place = try cursor.nextMember() {
      let name = text(place, cursor)
      members.append(JSONMember(name, try JSONValue(cursor.value(), &cursor)))
    }
    return members
  }

  private static func elements(_ cursor: inout JSONCursor) throws(JSONDefect) -> [JSONValue] {
    var elements: [JSONValue] = []
    while let element = try cursor.nextElement() {
      elements.append(try JSONValue(element, &cursor))
    }
    return elements
  }

  private static func text(_ place: Range<Int>, _ cursor: borrowing JSONCursor) -> String {
    var text = ByteBuffer()
    JSONString.putText(of: cursor.slice(place), into: &text)
    return text.bytes.text
  }
}
