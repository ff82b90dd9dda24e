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
    case .string(let value): write(string: value)
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
        write(string: member.name)
        text += ":"
        write(member.value)
      }
      text += "}"
    }
  }

  /// Escapes what RFC 8259 section 7 says must be: quote, backslash and control characters.
  private mutating func write(string value: String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{0}"..."\u{1F}", "\u{7F}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
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
