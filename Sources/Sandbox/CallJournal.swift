internal import LocalServer

/// The last calls that reached the sandbox. Tests and the demo use it to check what arrived.
///
/// It never holds a credential: only the credential's kind, and the scopes that a token grants. Bodies are kept for
/// comparison (``CallVerification``), and are never shown as a whole.
struct CallJournal: Sendable {
  /// Maximum number of calls kept. A new call replaces the oldest.
  static let capacity = 1_000
  /// Maximum number of field names kept per call, and of bytes in each.
  static let maximumFields = 64
  static let maximumFieldName = 64
  /// Longest JSON body kept, in bytes.
  static let maximumBody = 16_384
  /// Longest target kept, in bytes; longer ones are cut off.
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
    /// The values of the template's parameters, by name.
    var parameters: [(name: String, value: String)] = []
    /// The JSON body; empty if there is none or if it is too long.
    var body: [UInt8] = []
    /// The id of the fault that struck the call.
    var fault: Int?
    /// 0 until the call is answered.
    var status = 0

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
        "fault": fault.map(JSONValue.integer) ?? .null,
      ]
    }
  }

  /// A ring buffer once it is full; then `next` is the index of the oldest entry.
  private var entries: [Entry] = []
  private var next = 0
  /// Calls since the start or the last reset, including those no longer kept.
  private(set) var total = 0

  /// The index of the newest call.
  private var newest: Int { next > 0 ? next - 1 : entries.count - 1 }

  /// Replaces the entry of the newest call.
  mutating func complete(_ entry: Entry) { if !entries.isEmpty { entries[newest] = entry } }

  /// All calls kept, oldest first.
  var ordered: [Entry] { Array(entries[next...] + entries[..<next]) }

  mutating func append(_ entry: Entry) {
    total += 1
    if entries.count < CallJournal.capacity {
      entries.append(entry)
    } else {
      entries[next] = entry
      next = (next + 1) % CallJournal.capacity
    }
  }

  /// `{"total": …, "calls": […]}`, oldest first: the calls of `operation`, not earlier than `since`.
  func value(operation: String? = nil, since: Timestamp? = nil) -> JSONValue {
    let chosen = ordered.filter { entry in
      operation.map { $0 == entry.operation } ?? true && since.map { $0 <= entry.time } ?? true
    }
    return ["total": .integer(total), "calls": .array(chosen.map(\.value))]
  }
}

extension CallJournal.Entry {
  mutating func keepBody(of request: LocalRequest) {
    guard request.bodySize == request.body.count, request.bodySize <= CallJournal.maximumBody,
      request.field("Content-Type")?.lowercased().contains("json") == true
    else { return }
    body = request.body
  }

  /// The body that was kept, parsed.
  var json: JSONValue { body.isEmpty ? .null : (try? JSONValue(json: body)) ?? .null }

  /// The value at `path` in `body`; otherwise the query or path parameter of that name; otherwise the call's own
  /// property of that name. Nil if none of these exists.
  func value(of path: String, in body: JSONValue) -> JSONValue? {
    var place: JSONValue? = body[path]
    if place == nil {
      place = body
      for step in path.split(separator: ".", omittingEmptySubsequences: false) {
        place = place?[String(step)]
      }
    }
    if let place { return place }
    if let parameter = parameters.first(where: { $0.name == path }) {
      return .string(parameter.value)
    }
    if let mark = target.firstIndex(of: "?"),
      let text = FormFields(target[target.index(after: mark)...])[path]
    {
      return .string(text)
    }
    switch path {
    case "app": return application.map(JSONValue.string)
    case "credential": return .string(credential.rawValue)
    case "method": return .string(method)
    case "status": return .integer(status)
    default: return nil
    }
  }
}
