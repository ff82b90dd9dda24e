package import JSONText
internal import Memory

/// JSON bodies as values.
extension JSONValue {
  /// How deep arrays and objects may nest: far more than any SCORM Cloud body, and far less than the stack.
  static let maximumDepth = 32

  /// The value that `bytes` say as a whole. Throws where they stop being JSON.
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
        // What the grammar allows is a number to Swift too; beyond its range it is infinite.
        self = .number(Double(text) ?? .infinity)
      }
    // A bracket's end and a name are no values, and the cursor gives none for one.
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
