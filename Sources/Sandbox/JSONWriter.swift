internal import Memory

/// Writes JSON without white space, in UTF-8.
package struct JSONWriter {
  /// What was written so far.
  package private(set) var text = ""

  package init() {}

  /// Appends `value`. Numbers that JSON cannot say (infinities, NaN) become `null`.
  package mutating func write(_ value: JSONValue) {
    switch value {
    case .null: text += "null"
    case .boolean(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value): text += value.isFinite ? value.description : "null"
    case .string(let value): text += value.quotedAsJSON
    case .array(let elements):
      text += "["
      for (position, element) in elements.enumerated() {
        if position > 0 { text += "," }
        write(element)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (position, member) in members.enumerated() {
        if position > 0 { text += "," }
        text += member.name.quotedAsJSON
        text += ":"
        write(member.value)
      }
      text += "}"
    }
  }
}

extension JSONValue {
  /// The value as JSON text.
  package var text: String {
    var writer = JSONWriter()
    writer.write(self)
    return writer.text
  }
}
