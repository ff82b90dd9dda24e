/// The last calls that reached the sandbox, for tests and the demo: did it arrive as it should?
///
/// Never holds a credential: only its kind, and the scopes that a token grants.
struct CallJournal: Sendable {
  /// Calls remembered; the oldest make room.
  static let capacity = 1_000
  /// Field names remembered of a call, and the longest of them in bytes.
  static let maximumFields = 64
  static let maximumFieldName = 64
  /// Longest target remembered, in bytes; what is longer is cut.
  static let maximumTarget = 8_192

  struct Entry: Sendable {
    var time: Timestamp
    var method: String
    /// Path and query, raw.
    var target: String
    /// Names of the request's fields, in lower case, in order; never their values.
    var fields: [String]
    var bodySize: Int
    var operation: String?
    var application: String?
    var credential = Credential.Kind.none
    var scopes: [String] = []
    var status = 0
    /// What the call held that the API has no field for: `learner.shoeSize`, `?filterr`.
    var unread: [String] = []

    init(time: Timestamp, method: String, target: String, fields: [String], bodySize: Int) {
      self.time = time
      self.method = Entry.cut(method, CallJournal.maximumFieldName)
      self.target = Entry.cut(target, CallJournal.maximumTarget)
      self.fields = fields.prefix(CallJournal.maximumFields).map { name in
        Entry.cut(name.lowercased(), CallJournal.maximumFieldName)
      }
      self.bodySize = bodySize
    }

    private static func cut(_ text: String, _ bytes: Int) -> String {
      text.utf8.count <= bytes ? text : String(decoding: text.utf8.prefix(bytes), as: UTF8.self)
    }

    var value: JSONValue {
      [
        "time": .string(time.text), "method": .string(method), "target": .string(target),
        "operation": operation.map(JSONValue.string) ?? .null,
        "app": application.map(JSONValue.string) ?? .null,
        "credential": .string(credential.rawValue), "scopes": .strings(scopes),
        "fields": .strings(fields), "bodySize": .integer(bodySize), "status": .integer(status),
      ]
    }
  }

  /// A ring once it is full; `next` is the place of the oldest entry then.
  private var entries: [Entry] = []
  private var next = 0
  /// Calls since the start or the last reset, forgotten ones too.
  private(set) var total = 0

  mutating func append(_ entry: Entry) {
    total += 1
    if entries.count < CallJournal.capacity {
      entries.append(entry)
    } else {
      entries[next] = entry
      next = (next + 1) % CallJournal.capacity
    }
  }

  /// `{"total": …, "calls": […]}`, oldest first.
  var value: JSONValue {
    let ordered = entries[next...] + entries[..<next]
    return ["total": .integer(total), "calls": .array(ordered.map(\.value))]
  }
}
