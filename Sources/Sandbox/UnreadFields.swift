/// Fields and parameters that callers sent but no operation reads: misspelt ones, and those that the API does not have.
/// Counted by operation and field.
struct UnreadFields: Sendable {
  /// Maximum number of pairs of operation and field; later ones are not counted.
  static let maximum = 10_000
  /// Longest field name kept, in bytes.
  static let maximumName = 256

  private struct Key: Hashable {
    let operation: String
    let field: String
  }

  private var counts: [Key: Int] = [:]

  mutating func note(_ fields: [String], of operation: String) {
    for field in fields where field.utf8.count <= UnreadFields.maximumName {
      let key = Key(operation: operation, field: field)
      guard counts[key] != nil || counts.count < UnreadFields.maximum else { continue }
      counts[key, default: 0] += 1
    }
  }

  /// `{"unread": […]}`, sorted by operation and field.
  var value: JSONValue {
    let sorted = counts.sorted {
      ($0.key.operation, $0.key.field) < ($1.key.operation, $1.key.field)
    }
    return [
      "unread": .array(
        sorted.map { entry in
          [
            "operation": .string(entry.key.operation), "field": .string(entry.key.field),
            "count": .integer(entry.value),
          ]
        })
    ]
  }
}
