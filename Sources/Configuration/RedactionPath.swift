/// A path to values in a JSON body. It supports the part of JSONPath (RFC 9535) that descends step by step from the
/// top: `$.items[*].id`, `$['first name']`, `$.rows[0]`.
package struct RedactionPath: Sendable, Equatable {
  package enum Step: Sendable, Equatable {
    case member(String)
    /// An index, 0 or more.
    case element(Int)
    /// `[*]` or `.*`: every member or element.
    case every
  }

  /// The maximum number of steps.
  static let stepLimit = 64
  /// The maximum length of a path as written, in bytes.
  static let byteLimit = 512
  static let expectation = "a path like $.learner.phone, $.items[*].id or $['first name']"

  /// At least one step.
  package let steps: [Step]

  /// Nil if the text is not such a path, or is only `$`.
  init?(configurationText text: String) {
    var rest = Array(text.utf8)[...]
    guard rest.count <= RedactionPath.byteLimit, rest.popFirst() == UInt8(ascii: "$") else {
      return nil
    }
    var steps: [Step] = []
    while let byte = rest.popFirst() {
      let step: Step?
      switch byte {
      case UInt8(ascii: "."): step = RedactionPath.shorthand(&rest)
      case UInt8(ascii: "["): step = RedactionPath.bracket(&rest)
      default: step = nil
      }
      guard let step, steps.count < RedactionPath.stepLimit else { return nil }
      steps.append(step)
    }
    guard !steps.isEmpty else { return nil }
    self.steps = steps
  }

  /// Parses what follows a dot: letters, digits, `_` and `-`, or a star.
  private static func shorthand(_ rest: inout ArraySlice<UInt8>) -> Step? {
    if rest.first == UInt8(ascii: "*") {
      rest.removeFirst()
      return .every
    }
    let name = rest.prefix { byte in
      byte >= 0x80 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
        || (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10
    }
    rest = rest.dropFirst(name.count)
    guard !name.isEmpty, let text = String(validating: name, as: UTF8.self) else { return nil }
    return .member(text)
  }

  /// Parses what follows a bracket, up to the closing one: a star, a number, or a name in quotes. In a name, a
  /// backslash escapes the next character.
  private static func bracket(_ rest: inout ArraySlice<UInt8>) -> Step? {
    guard let first = rest.popFirst() else { return nil }
    let step: Step
    switch first {
    case UInt8(ascii: "*"): step = .every
    case UInt8(ascii: "'"), UInt8(ascii: "\""):
      var name: [UInt8] = []
      while let byte = rest.popFirst(), byte != first {
        guard byte == UInt8(ascii: "\\") else {
          name.append(byte)
          continue
        }
        // `\n`, `\u0041` and similar escapes are not supported.
        guard let escaped = rest.popFirst(), escaped == first || escaped == UInt8(ascii: "\\")
        else { return nil }
        name.append(escaped)
      }
      guard let text = String(validating: name, as: UTF8.self) else { return nil }
      step = .member(text)
    default:
      var digits = [first]
      while let byte = rest.first, byte &- 0x30 < 10 {
        digits.append(byte)
        rest.removeFirst()
      }
      // No leading zeros: RFC 9535 section 2.3.3.
      guard first &- 0x30 < 10, digits.count == 1 || first != 0x30, digits.count <= 9 else {
        return nil
      }
      step = .element(digits.reduce(0) { $0 * 10 + Int($1 - 0x30) })
    }
    return rest.popFirst() == UInt8(ascii: "]") ? step : nil
  }
}
