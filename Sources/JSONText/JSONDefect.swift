/// Where bytes are not the expected JSON, and what was required there.
package struct JSONDefect: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Expected: Sendable {
    case value, memberName, colon, commaOrObjectEnd, commaOrArrayEnd, nothingMore, digit
    case hexadecimalDigit, escape, surrogatePair, noControlCharacter, stringEnd, utf8
    /// The value is valid but more deeply nested than the limit.
    case lessNesting
  }

  /// Offset in bytes from the start of the text.
  package let offset: Int
  package let expected: Expected

  package init(offset: Int, expected: Expected) {
    self.offset = offset
    self.expected = expected
  }

  package var description: String { "Expected \(wanted) at byte \(offset) of the JSON text." }

  private var wanted: String {
    switch expected {
    case .value: "a value"
    case .memberName: "a member's name"
    case .colon: "a colon"
    case .commaOrObjectEnd: "a comma or the object's end"
    case .commaOrArrayEnd: "a comma or the array's end"
    case .nothingMore: "nothing more"
    case .digit: "a digit"
    case .hexadecimalDigit: "a hexadecimal digit"
    case .escape: "an escape"
    case .surrogatePair: "both halves of a surrogate pair"
    case .noControlCharacter: "no control character"
    case .stringEnd: "the string's end"
    case .utf8: "UTF-8"
    case .lessNesting: "less nesting"
    }
  }
}
