package import Memory

/// JSON bodies as values.
extension JSONValue {
  /// How deep arrays and objects may nest: far more than any SCORM Cloud body, and far less than the stack.
  static let maximumDepth = 32

  /// The value that `bytes` say as a whole. Throws where they stop being JSON.
  package init(json bytes: [UInt8]) throws(JSONDefect) {
    var reader = JSONReader(bytes.span.bytesOfElements, depthLimit: JSONValue.maximumDepth)
    self = try JSONValue(&reader)
    try reader.end()
  }

  private init(_ reader: inout JSONReader) throws(JSONDefect) {
    switch reader.next() {
    case UInt8(ascii: "{"): self = .object(try JSONValue.members(&reader))
    case UInt8(ascii: "["): self = .array(try JSONValue.elements(&reader))
    case UInt8(ascii: "\""): self = .string(try JSONValue.text(&reader))
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"):
      switch try reader.word() {
      case .isTrue: self = .boolean(true)
      case .isFalse: self = .boolean(false)
      case .null: self = .null
      }
    default:
      let number = try reader.number()
      let text = reader.slice(number.bounds).text
      if number.isWhole, let value = Int(text) {
        self = .integer(value)
      } else {
        // What the grammar allows is a number to Swift too; beyond its range it is infinite.
        self = .number(Double(text) ?? .infinity)
      }
    }
  }

  private static func members(_ reader: inout JSONReader) throws(JSONDefect) -> [JSONMember] {
    var members: [JSONMember] = []
    try reader.beginObject()
    while try reader.nextMember(isFirst: members.isEmpty) {
      let name = try text(&reader)
      try reader.takeColon()
      members.append(JSONMember(name, try JSONValue(&reader)))
    }
    return members
  }

  private static func elements(_ reader: inout JSONReader) throws(JSONDefect) -> [JSONValue] {
    var elements: [JSONValue] = []
    try reader.beginArray()
    while try reader.nextElement(isFirst: elements.isEmpty) {
      elements.append(try JSONValue(&reader))
    }
    return elements
  }

  private static func text(_ reader: inout JSONReader) throws(JSONDefect) -> String {
    var text = ByteBuffer()
    try reader.readString(into: &text)
    return text.bytes.text
  }
}
