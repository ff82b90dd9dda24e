internal import JSONText

/// A JSON value (RFC 8259), for the sandbox's small requests and answers.
///
/// Not for the hot path: it is a tree of values. Members keep the order in which they were written.
package indirect enum JSONValue: Equatable, Sendable {
  case null
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([JSONMember])

  /// The value of the first member called `name`; nil if this is not an object or has no such member.
  package subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// The text of a string; nil for any other value.
  package var string: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  /// The value of a whole number; nil for any other value.
  package var integer: Int? {
    guard case .integer(let value) = self else { return nil }
    return value
  }

  /// The value of any finite number; nil for any other value.
  package var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value) where value.isFinite: value
    default: nil
    }
  }

  package var boolean: Bool? {
    guard case .boolean(let value) = self else { return nil }
    return value
  }

  /// The elements of an array; nil for any other value.
  package var elements: [JSONValue]? {
    guard case .array(let elements) = self else { return nil }
    return elements
  }

  /// The texts of an array of strings; nil if any element is something else.
  package var strings: [String]? {
    guard let elements else { return nil }
    var texts: [String] = []
    for element in elements {
      guard let text = element.string else { return nil }
      texts.append(text)
    }
    return texts
  }
}

/// One `"name": value` of a JSON object.
package struct JSONMember: Equatable, Sendable {
  package var name: String
  package var value: JSONValue

  package init(_ name: String, _ value: JSONValue) {
    self.name = name
    self.value = value
  }
}

extension JSONValue: ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral,
  ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
  package init(dictionaryLiteral members: (String, JSONValue)...) {
    self = .object(members.map { JSONMember($0.0, $0.1) })
  }

  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(stringLiteral text: String) { self = .string(text) }
  package init(integerLiteral value: Int) { self = .integer(value) }
  package init(booleanLiteral value: Bool) { self = .boolean(value) }
}

extension JSONValue {
  /// Makes an array of strings.
  package static func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
}

/// Objects as records, with members by name, in order.
extension JSONValue {
  /// The members of an object; empty for any other value.
  var members: [JSONMember] {
    guard case .object(let members) = self else { return [] }
    return members
  }

  /// The object without the member called `name`.
  func without(_ name: String) -> JSONValue {
    guard case .object(let members) = self else { return self }
    return .object(members.filter { $0.name != name })
  }

  /// Sets a member in place, or appends it if new. Nil removes it.
  mutating func set(_ name: String, _ value: JSONValue?) {
    var members = members
    let place = members.firstIndex { $0.name == name }
    switch (place, value) {
    case (let place?, let value?): members[place].value = value
    case (let place?, nil): members.remove(at: place)
    case (nil, let value?): members.append(JSONMember(name, value))
    case (nil, nil): return
    }
    self = .object(members)
  }

  /// Copies the members `names` from `change`. Members that are missing there or null stay unchanged.
  mutating func take(_ names: [String], from change: JSONValue) {
    for name in names {
      if let value = change[name], value != .null { set(name, value) }
    }
  }

  /// The members `names` that exist and are not null, in that order.
  func picking(_ names: [String]) -> JSONValue {
    .object(
      names.compactMap { name in
        self[name].flatMap { $0 == .null ? nil : JSONMember(name, $0) }
      })
  }
}

/// JSON text of values.
extension JSONValue {
  /// The value as JSON text, without whitespace. Numbers that JSON has no form for (infinities, NaN) become `null`.
  package var text: String {
    var writer = JSONWriter()
    write(to: &writer)
    return writer.text
  }

  private func write(to json: inout JSONWriter) {
    switch self {
    case .null: json.null()
    case .boolean(let flag): json.value(flag)
    case .integer(let number): json.value(number)
    case .number(let number): json.value(number)
    case .string(let text): json.value(text)
    case .array(let elements):
      json.array { json in for element in elements { element.write(to: &json) } }
    case .object(let members):
      json.object { json in
        for member in members {
          json.name(member.name)
          member.value.write(to: &json)
        }
      }
    }
  }
}
