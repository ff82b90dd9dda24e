/// A record that keeps its fields as received: a destination, dispatch, invitation, credential, pipe or connector.
/// ``SchemaTable`` checks what a body may hold. No field is lost.
struct Document: StoredRecord {
  var created = Timestamp(seconds: 0)
  var updated = Timestamp(seconds: 0)
  /// Always an object.
  var fields: JSONValue = .object([])
  var tags = TagList()

  init() {}

  init(_ fields: JSONValue, created: Timestamp) {
    self.fields = fields
    self.created = created
    updated = created
  }

  subscript(name: String) -> JSONValue? {
    get { fields[name] }
    set { fields.set(name, newValue) }
  }

  /// The text of a field; empty if the field is missing or not text.
  func text(_ name: String) -> String { fields[name]?.string ?? "" }

  func identifier(_ name: String) -> Identifier? { Identifier(checking: fields[name]?.string) }

  mutating func exchange(_ record: inout RecordFields) {
    record.field("created", &created)
    record.field("updated", &updated)
    record.field("tags", &tags.texts)
    var kept: JSONValue? = fields == .object([]) ? nil : fields
    record.field("data", &kept)
    fields = kept ?? .object([])
  }
}

/// The tags of one record, without duplicates, in the order they were added.
struct TagList: Sendable, Equatable {
  /// Maximum number of tags per record.
  static let maximumTags = 100
  /// Longest tag, in bytes.
  static let maximumLength = 255

  var texts: [String] = []

  /// Adds the tags that are new.
  mutating func add(_ new: [String]) throws(Refusal) {
    var texts = texts
    for text in new where !texts.contains(text) { texts.append(text) }
    try TagList.check(texts)
    self.texts = texts
  }

  mutating func remove(_ old: [String]) { texts.removeAll(where: old.contains) }

  static func check(_ tags: [String]) throws(Refusal) {
    guard tags.count <= maximumTags else {
      throw .message(400, "The sandbox keeps at most \(maximumTags) tags for each item.")
    }
    guard tags.allSatisfy({ !$0.isEmpty && $0.utf8.count <= maximumLength }) else {
      throw .message(400, "A tag has 1 to \(maximumLength) bytes.")
    }
  }
}
