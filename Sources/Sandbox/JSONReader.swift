internal import Memory

/// Reads one JSON text, strictly by RFC 8259: no comments, no trailing commas, no lone surrogates, no bytes
/// behind the value, and UTF-8 only.
package struct JSONReader: ~Escapable {
  /// How deep arrays and objects may nest: far more than any SCORM Cloud body, and far less than the stack.
  package static let maximumDepth = 32

  private let bytes: RawSpan
  private var at = 0
  private var depth = 0

  @_lifetime(copy bytes)
  private init(_ bytes: RawSpan) { self.bytes = bytes }

  /// The value that `bytes` say. Throws where they stop being JSON.
  package static func read(_ bytes: [UInt8]) throws(JSONProblem) -> JSONValue {
    var reader = JSONReader(bytes.span.bytesOfElements)
    let value = try reader.value()
    reader.skipWhiteSpace()
    guard reader.at == reader.bytes.byteCount else { throw reader.problem("nothing more") }
    return value
  }

  private func problem(_ expected: StaticString) -> JSONProblem {
    JSONProblem(offset: at, expected: expected)
  }

  /// The next byte without taking it; 0, which no JSON text holds outside of errors, at the end.
  private var next: UInt8 { at < bytes.byteCount ? bytes[at] : 0 }

  private mutating func skipWhiteSpace() {
    while next == 0x20 || next == 0x0A || next == 0x0D || next == 0x09 { at += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte, at < bytes.byteCount else { return false }
    at += 1
    return true
  }

  private mutating func value() throws(JSONProblem) -> JSONValue {
    skipWhiteSpace()
    switch next {
    case UInt8(ascii: "{"):
      return try nested { (reader) throws(JSONProblem) in try reader.object() }
    case UInt8(ascii: "["): return try nested { (reader) throws(JSONProblem) in try reader.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func nested(
    _ body: (inout JSONReader) throws(JSONProblem) -> JSONValue
  ) throws(JSONProblem) -> JSONValue {
    guard depth < JSONReader.maximumDepth else { throw problem("less nesting") }
    depth += 1
    at += 1
    let value = try body(&self)
    depth -= 1
    return value
  }

  private mutating func object() throws(JSONProblem) -> JSONValue {
    var members: [JSONMember] = []
    skipWhiteSpace()
    if take(UInt8(ascii: "}")) { return .object(members) }
    while true {
      skipWhiteSpace()
      guard next == UInt8(ascii: "\"") else { throw problem("a member's name") }
      let name = try string()
      skipWhiteSpace()
      guard take(UInt8(ascii: ":")) else { throw problem("a colon") }
      members.append(JSONMember(name, try value()))
      skipWhiteSpace()
      if take(UInt8(ascii: "}")) { return .object(members) }
      guard take(UInt8(ascii: ",")) else { throw problem("a comma or the object's end") }
    }
  }

  private mutating func array() throws(JSONProblem) -> JSONValue {
    var elements: [JSONValue] = []
    skipWhiteSpace()
    if take(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      elements.append(try value())
      skipWhiteSpace()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      guard take(UInt8(ascii: ",")) else { throw problem("a comma or the array's end") }
    }
  }

  private mutating func word(
    _ word: StaticString, _ value: JSONValue
  ) throws(JSONProblem) -> JSONValue {
    let end = at + word.utf8CodeUnitCount
    guard end <= bytes.byteCount, bytes.slice(at, end).equals(word) else {
      throw problem("a value")
    }
    at = end
    return value
  }

  private mutating func digits() throws(JSONProblem) {
    guard next.isDigit else { throw problem("a digit") }
    while next.isDigit { at += 1 }
  }

  private mutating func number() throws(JSONProblem) -> JSONValue {
    let start = at
    var whole = true
    _ = take(UInt8(ascii: "-"))
    guard next.isDigit else { throw problem("a value") }
    if !take(UInt8(ascii: "0")) { try digits() }
    if take(UInt8(ascii: ".")) {
      whole = false
      try digits()
    }
    if next.asciiLowercased == UInt8(ascii: "e") {
      whole = false
      at += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
      try digits()
    }
    let text = bytes.slice(start, at).text
    if whole, let value = Int(text) { return .integer(value) }
    guard let value = Double(text) else { throw problem("a number in range") }
    return .number(value)
  }

  private mutating func string() throws(JSONProblem) -> String {
    at += 1
    var content: [UInt8] = []
    while at < bytes.byteCount {
      let byte = bytes[at]
      at += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: content, as: UTF8.self) else { throw problem("UTF-8") }
        return text
      case UInt8(ascii: "\\"): try escape(into: &content)
      case 0..<0x20: throw problem("no control character")
      default: content.append(byte)
      }
    }
    throw problem("the string's end")
  }

  private mutating func escape(into content: inout [UInt8]) throws(JSONProblem) {
    let letter = next
    at += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(letter)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0C)
    case UInt8(ascii: "n"): content.append(0x0A)
    case UInt8(ascii: "r"): content.append(0x0D)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "u"):
      var code = try fourHexDigits()
      if code >> 10 == 0x36 {  // a high surrogate: the low one must follow
        guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
          throw problem("a low surrogate")
        }
        let low = try fourHexDigits()
        guard low >> 10 == 0x37 else { throw problem("a low surrogate") }
        code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF
      }
      guard let scalar = Unicode.Scalar(code) else { throw problem("a character") }
      content.append(contentsOf: Array(String(Character(scalar)).utf8))
    default: throw problem("an escape")
    }
  }

  private mutating func fourHexDigits() throws(JSONProblem) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = next.hexDigit else { throw problem("a hexadecimal digit") }
      code = code << 4 | UInt32(digit)
      at += 1
    }
    return code
  }
}

/// Where and why bytes are not JSON.
package struct JSONProblem: Error, Equatable, CustomStringConvertible {
  /// Offset in bytes from the text's beginning.
  package let offset: Int
  /// What had to stand there.
  let wanted: String

  init(offset: Int, expected: StaticString) {
    self.offset = offset
    wanted = expected.description
  }

  package var description: String { "Expected \(wanted) at byte \(offset) of the JSON body." }
}
