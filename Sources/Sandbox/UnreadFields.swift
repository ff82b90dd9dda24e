/// What callers sent and no operation looked at: misspelt fields and parameters, and those that the API does
/// not have. Counted by operation and field.
struct UnreadFields: Sendable {
  /// Pairs of operation and field that are counted; what comes later is left out.
  static let maximum = 10_000
  /// Longest name of a field that is kept, in bytes.
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

  /// `{"unread": […]}`, by operation and field.
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
