/// A record in a snapshot. It lists its fields once, for writing and for reading.
///
/// Fields with their default value are not written, so snapshots are small, and a seed may omit such fields.
protocol StoredRecord: Sendable {
  /// Makes a record in which every field has its default.
  init()
  /// Passes every field to `fields`, which writes or reads it.
  mutating func exchange(_ fields: inout RecordFields)
}

extension StoredRecord {
  /// The record's form in a snapshot.
  var stored: JSONValue {
    var copy = self
    var fields = RecordFields()
    copy.exchange(&fields)
    return .object(fields.written)
  }
}

/// A mistake in a snapshot or a seed, with its place.
package struct StoredProblem: Equatable, Sendable {
  package enum Step: Equatable, Sendable {
    case member(String)
    case element(Int)
  }

  /// The path to it from the document's root.
  package var path: [Step]
  package var text: String

  /// `applications[0].courses[1].title`.
  package var place: String {
    var place = ""
    for step in path {
      switch step {
      case .member(let name): place += place.isEmpty ? name : "." + name
      case .element(let index): place += "[\(index)]"
      }
    }
    return place
  }
}

/// The fields of a ``StoredRecord`` while it is written or read.
struct RecordFields {
  /// The members written so far.
  private(set) var written: [JSONMember] = []
  /// The mistakes found while reading.
  private(set) var problems: [StoredProblem] = []
  private let source: [JSONMember]?
  private var known: [String] = []
  private let path: [StoredProblem.Step]

  /// For writing.
  init() {
    source = nil
    path = []
  }

  /// For reading `value`, which is at `path`.
  init(reading value: JSONValue, at path: [StoredProblem.Step]) {
    self.path = path
    if case .object(let members) = value {
      source = members
    } else {
      source = []
      problems.append(StoredProblem(path: path, text: "must be an object"))
    }
  }

  var isReading: Bool { source != nil }

  /// Call this last when reading. It reports fields that the record does not have.
  mutating func end() {
    for member in source ?? [] where !known.contains(member.name) {
      fault(member.name, "is not known here; known are \(known.joined(separator: ", "))")
    }
  }

  mutating func fault(_ name: String, _ text: String) {
    problems.append(StoredProblem(path: path + [.member(name)], text: text))
  }

  /// Writes `value` unless it is nil, and returns nil. When reading, returns the member's value, or nil if there is
  /// none.
  mutating func raw(_ name: String, _ value: JSONValue?) -> JSONValue? {
    guard let source else {
      if let value { written.append(JSONMember(name, value)) }
      return nil
    }
    known.append(name)
    let found = source.first { $0.name == name }?.value
    return found == .null ? nil : found
  }

  private mutating func exchange<Value: Equatable>(
    _ name: String, _ value: inout Value, default standard: Value, what: String,
    write: (Value) -> JSONValue?, read: (JSONValue) -> Value?
  ) {
    guard let found = raw(name, value == standard ? nil : write(value)) else { return }
    if let new = read(found) { value = new } else { fault(name, "must be \(what)") }
  }

  mutating func field(_ name: String, _ value: inout String, default standard: String = "") {
    exchange(
      name, &value, default: standard, what: "a text", write: { .string($0) }, read: { $0.string })
  }

  mutating func field(_ name: String, _ value: inout String?) {
    exchange(
      name, &value, default: nil, what: "a text", write: { $0.map(JSONValue.string) },
      read: { $0.string.map { $0 } })
  }

  mutating func field(_ name: String, _ value: inout Int, default standard: Int = 0) {
    exchange(
      name, &value, default: standard, what: "a whole number", write: { .integer($0) },
      read: { $0.integer })
  }

  mutating func field(_ name: String, _ value: inout Bool, default standard: Bool) {
    exchange(
      name, &value, default: standard, what: "true or false", write: { .boolean($0) },
      read: { $0.boolean })
  }

  mutating func field(_ name: String, _ value: inout Timestamp) {
    exchange(
      name, &value, default: Timestamp(seconds: 0), what: "an ISO 8601 date",
      write: { .string($0.text) }, read: { $0.string.flatMap(Timestamp.init(_:)) })
  }

  mutating func field(_ name: String, _ value: inout Identifier?) {
    exchange(
      name, &value, default: nil, what: "an identifier of 1 to 255 characters",
      write: { $0.map { .string($0.text) } }, read: { Identifier(checking: $0.string) })
  }

  mutating func field(_ name: String, _ value: inout Identifier) {
    var optional: Identifier? = isReading ? nil : value
    field(name, &optional)
    guard isReading else { return }
    if let optional { value = optional } else { fault(name, "is required") }
  }

  mutating func field(_ name: String, _ value: inout [String]) {
    exchange(
      name, &value, default: [], what: "a list of texts", write: { .strings($0) },
      read: { $0.strings })
  }

  /// Any JSON value, unchanged.
  mutating func field(_ name: String, _ value: inout JSONValue?) {
    if let found = raw(name, value) { value = found }
  }

  /// Any JSON values, unchanged.
  mutating func field(_ name: String, _ value: inout [JSONValue]) {
    exchange(
      name, &value, default: [], what: "a list", write: { .array($0) }, read: { $0.elements })
  }

  /// Texts by name, sorted by name.
  mutating func field(_ name: String, _ value: inout [String: String]) {
    exchange(
      name, &value, default: [:], what: "an object of texts",
      write: { texts in
        .object(texts.sorted { $0.key < $1.key }.map { JSONMember($0.key, .string($0.value)) })
      },
      read: { value in
        guard case .object(let members) = value else { return nil }
        var texts: [String: String] = [:]
        for member in members {
          guard let text = member.value.string else { return nil }
          texts[member.name] = text
        }
        return texts
      })
  }

  mutating func field(_ name: String, _ value: inout some StoredRecord) {
    let stored = isReading ? nil : value.stored
    guard let found = raw(name, stored == .object([]) ? nil : stored) else { return }
    read(found, at: [.member(name)], into: &value)
  }

  /// Records in order.
  mutating func field<Record: StoredRecord>(_ name: String, _ value: inout [Record]) {
    let stored = isReading || value.isEmpty ? nil : JSONValue.array(value.map(\.stored))
    guard let found = raw(name, stored) else { return }
    guard let elements = found.elements else { return fault(name, "must be a list") }
    value = elements.enumerated().map { index, element in
      var record = Record()
      read(element, at: [.member(name), .element(index)], into: &record)
      return record
    }
  }

  /// Records by identifier: a list of objects that begin with `id`.
  mutating func field<Record: StoredRecord>(_ name: String, _ value: inout KeyedList<Record>) {
    guard isReading else {
      guard value.count > 0 else { return }
      var elements: [JSONValue] = []
      elements.reserveCapacity(value.count)
      for (identifier, record) in value.entries {
        let members = [JSONMember("id", .string(identifier.text))] + record.stored.members
        elements.append(.object(members))
      }
      written.append(JSONMember(name, .array(elements)))
      return
    }
    guard let found = raw(name, nil) else { return }
    guard let elements = found.elements else { return fault(name, "must be a list") }
    for (index, element) in elements.enumerated() {
      let place: [StoredProblem.Step] = [.member(name), .element(index)]
      var record = Record()
      guard let identifier = Identifier(checking: element["id"]?.string) else {
        problem(place + [.member("id")], "an identifier of 1 to 255 characters is required")
        continue
      }
      read(element.without("id"), at: place, into: &record)
      if value[identifier] != nil {
        problem(place + [.member("id")], "[\(identifier)] is there twice")
      } else if !value.insert(record, at: identifier) {
        problem(place, "the sandbox keeps at most \(value.limit) \(name) per application")
        return
      }
    }
  }

  private mutating func problem(_ steps: [StoredProblem.Step], _ text: String) {
    problems.append(StoredProblem(path: path + steps, text: text))
  }

  private mutating func read(
    _ value: JSONValue, at steps: [StoredProblem.Step], into record: inout some StoredRecord
  ) {
    var fields = RecordFields(reading: value, at: path + steps)
    record.exchange(&fields)
    fields.end()
    problems += fields.problems
  }
}
