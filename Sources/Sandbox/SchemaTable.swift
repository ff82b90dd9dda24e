/// What the official client's definitions allow in bodies and operations. Clients in every language are generated from
/// the same types.
///
/// The table is read from ``ClientSchemas``. A schema is a line of `name:type`, with `!` if a field is required and
/// `=A|B` if only some values are allowed. An operation is a line of query parameters (`?`), form fields (`+`), the
/// schema of its body (`>`) and of its answer (`<`).
struct SchemaTable: Sendable {
  indirect enum Kind: Equatable, Sendable {
    case text, integer, number, boolean, date, any, file
    case list(Kind)
    case schema(String)
  }

  struct Field: Sendable {
    let name: String
    let kind: Kind
    let isRequired: Bool
    /// The only allowed values; empty if all are allowed.
    let values: [String]
  }

  struct Parameters: Sendable {
    var query: [Field] = []
    var form: [Field] = []
    var body: Kind?
    var answer: Kind?
  }

  /// A schema that is an enumeration has one field, without a name, which holds the allowed values.
  let schemas: [String: [Field]]
  let operations: [String: Parameters]

  /// Parsed once, on first use.
  static let ofClient = SchemaTable(
    schemas: ClientSchemas.schemas, operations: ClientSchemas.operations)

  init(schemas: String, operations: String) {
    var fields: [String: [Field]] = [:]
    for line in schemas.split(separator: "\n") {
      let words = line.split(separator: " ")
      fields[String(words[0])] = words.dropFirst().map(SchemaTable.field)
    }
    var parameters: [String: Parameters] = [:]
    for line in operations.split(separator: "\n") {
      let words = line.split(separator: " ")
      var found = Parameters()
      for word in words.dropFirst() {
        switch word.first {
        case "?": found.query.append(SchemaTable.field(word.dropFirst()))
        case "+": found.form.append(SchemaTable.field(word.dropFirst()))
        case ">": found.body = SchemaTable.kind(word.dropFirst())
        default: found.answer = SchemaTable.kind(word.dropFirst())
        }
      }
      parameters[String(words[0])] = found
    }
    self.schemas = fields
    self.operations = parameters
  }

  private static func field(_ word: Substring) -> Field {
    let sides = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let values = sides.count > 1 ? sides[1].split(separator: "|").map(String.init) : []
    let parts = sides[0].split(separator: ":", maxSplits: 1)
    guard parts.count == 2 else {
      return Field(name: "", kind: .text, isRequired: false, values: values)
    }
    let isRequired = parts[1].hasSuffix("!")
    return Field(
      name: String(parts[0]), kind: kind(isRequired ? parts[1].dropLast() : parts[1]),
      isRequired: isRequired, values: values)
  }

  private static func kind(_ text: Substring) -> Kind {
    switch text {
    case "s": .text
    case "i": .integer
    case "f": .number
    case "b": .boolean
    case "d": .date
    case "o": .any
    case "F": .file
    default:
      text.hasPrefix("[") ? .list(kind(text.dropFirst().dropLast())) : .schema(String(text))
    }
  }
}

/// How a value differs from its schema.
struct SchemaFindings: Sendable, Equatable {
  /// Each mistake, with its place: `learner.id must be a text`.
  var faults: [String] = []
  /// Places of members that the schema has no field for: `learner.shoeSize`.
  var unknown: [String] = []
}

extension SchemaTable {
  /// Compares `value` with `kind`. Missing required fields count only with `checksRequired`, because the body of an
  /// update may omit them.
  func findings(_ value: JSONValue, _ kind: Kind, checksRequired: Bool = true) -> SchemaFindings {
    var findings = SchemaFindings()
    compare(value, kind, values: [], at: "", checksRequired, &findings)
    return findings
  }

  private func compare(
    _ value: JSONValue, _ kind: Kind, values: [String], at place: String, _ checksRequired: Bool,
    _ findings: inout SchemaFindings
  ) {
    func expect(_ isRight: Bool, _ what: String) {
      if !isRight {
        findings.faults.append("\(place.isEmpty ? "The body" : place) must be \(what)")
      }
    }
    switch kind {
    case .any: return
    case .text, .file:
      guard let text = value.string else { return expect(false, "a text") }
      // Clients in other languages write enumerations in lower case.
      let isAllowed = values.isEmpty || values.contains { $0.lowercased() == text.lowercased() }
      expect(isAllowed, "one of \(values.joined(separator: ", "))")
    case .integer: expect(value.integer != nil, "a whole number")
    case .number: expect(value.double != nil, "a number")
    case .boolean: expect(value.boolean != nil, "true or false")
    case .date:
      expect(value.string.flatMap(Timestamp.init(_:)) != nil, "an ISO 8601 date")
    case .list(let element):
      guard let elements = value.elements else { return expect(false, "a list") }
      for (index, item) in elements.enumerated() {
        compare(item, element, values: values, at: "\(place)[\(index)]", checksRequired, &findings)
      }
    case .schema(let name):
      let fields = schemas[name] ?? []
      if fields.count == 1, fields[0].name.isEmpty {
        return compare(value, .text, values: fields[0].values, at: place, checksRequired, &findings)
      }
      // An enumeration that is wrapped in an object is also accepted without the object.
      if fields.count == 1, !fields[0].values.isEmpty, value.string != nil {
        return compare(value, .text, values: fields[0].values, at: place, checksRequired, &findings)
      }
      guard case .object(let members) = value else { return expect(false, "an object") }
      compare(members, fields, at: place, checksRequired, &findings)
    }
  }

  private func compare(
    _ members: [JSONMember], _ fields: [Field], at place: String, _ checksRequired: Bool,
    _ findings: inout SchemaFindings
  ) {
    let lead = place.isEmpty ? "" : place + "."
    for member in members {
      guard let field = fields.first(where: { $0.name == member.name }) else {
        findings.unknown.append(lead + member.name)
        continue
      }
      if member.value == .null { continue }
      compare(
        member.value, field.kind, values: field.values, at: lead + member.name, checksRequired,
        &findings)
    }
    guard checksRequired else { return }
    for field in fields where field.isRequired {
      let value = members.first { $0.name == field.name }?.value ?? .null
      if value == .null { findings.faults.append("\(lead)\(field.name) is required") }
    }
  }

  /// Returns `value` with dates and enumeration values in the API's spelling. `value` must conform to `kind`.
  func canonical(_ value: JSONValue, _ kind: Kind, values: [String] = []) -> JSONValue {
    switch (kind, value) {
    case (.date, .string(let text)): return .string(Timestamp(text)?.text ?? text)
    case (.text, .string(let text)) where !values.isEmpty:
      return .string(values.first { $0.lowercased() == text.lowercased() } ?? text)
    case (.list(let element), .array(let elements)):
      return .array(elements.map { canonical($0, element, values: values) })
    case (.schema(let name), .object(let members)):
      let fields = schemas[name] ?? []
      return .object(
        members.map { member in
          guard let field = fields.first(where: { $0.name == member.name }) else { return member }
          return JSONMember(
            member.name, canonical(member.value, field.kind, values: field.values))
        })
    default: return value
    }
  }

  /// Compares a query with the parameters of `operation`. The operation itself checks the values, except booleans and
  /// whole numbers, which no list checks otherwise.
  func findings(query: FormFields, of operation: String) -> SchemaFindings {
    var findings = SchemaFindings()
    let fields = operations[operation]?.query ?? []
    for pair in query.pairs {
      guard let field = fields.first(where: { $0.name == pair.name }) else {
        findings.unknown.append("?" + pair.name)
        continue
      }
      switch field.kind {
      case .boolean where !["true", "false", ""].contains(pair.value.lowercased()):
        findings.faults.append("\(pair.name) must be true or false")
      case .integer where !pair.value.isEmpty && Int(pair.value) == nil:
        findings.faults.append("\(pair.name) must be a whole number")
      case .date where !pair.value.isEmpty && Timestamp(pair.value) == nil:
        findings.faults.append("\(pair.name) is not a valid ISO 8601 date")
      default: break
      }
    }
    return findings
  }
}
