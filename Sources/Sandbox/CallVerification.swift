internal import SCORMCloudAPI

/// A question: was an operation called this often, and with these values? `{"operation": …, "times": 3, "where":
/// {…}}`.
///
/// `where` names fields of the body (`learner.id`, or nested objects), parameters of path and query, or the call's own
/// `app`, `credential`, `method` and `status`. Without `times`, one call is enough.
struct CallVerification {
  private static let keys = ["operation", "times", "where"]
  /// Maximum number of near misses listed in an answer.
  private static let maximumMisses = 10

  private let operation: String
  private let times: Int?
  private let conditions: [(path: String, value: JSONValue)]

  init(_ body: JSONValue) throws(Refusal) {
    guard case .object(let members) = body else {
      throw .message(400, "The body must be an object with operation, and perhaps times and where.")
    }
    for member in members where !CallVerification.keys.contains(member.name) {
      throw .message(
        400,
        "\(member.name) is not known; known are \(CallVerification.keys.joined(separator: ", ")).")
    }
    guard let name = body["operation"]?.string, OperationTable.named(name) != nil else {
      throw .message(
        400, "operation must be one of the API's; `scorm-gateway operations` lists them.")
    }
    operation = name
    switch body["times"] {
    case nil, .null?: times = nil
    case .integer(let count)? where count >= 0: times = count
    default: throw .message(400, "times must be a whole number of 0 or more.")
    }
    switch body["where"] {
    case nil, .null?: conditions = []
    case .object(let members)?:
      var found: [(path: String, value: JSONValue)] = []
      for member in members { CallVerification.flatten(member.value, member.name, into: &found) }
      conditions = found
    default: throw .message(400, "where must be an object.")
    }
  }

  /// Nested objects as dotted paths. An empty object is a value itself.
  private static func flatten(
    _ value: JSONValue, _ path: String, into found: inout [(path: String, value: JSONValue)]
  ) {
    guard case .object(let members) = value, !members.isEmpty else {
      found.append((path: path, value: value))
      return
    }
    for member in members { flatten(member.value, "\(path).\(member.name)", into: &found) }
  }

  /// 200 if the answer is yes; otherwise 409 with the nearest misses.
  func answer(_ calls: some Sequence<CallJournal.Entry>) -> (status: Int, body: JSONValue) {
    var count = 0
    var misses: [JSONValue] = []
    var others: [String: Int] = [:]
    for call in calls {
      guard call.operation == operation else {
        if let name = call.operation { others[name, default: 0] += 1 }
        continue
      }
      let differences = differences(call)
      if differences.isEmpty {
        count += 1
      } else {
        misses.append(["call": call.value, "differs": .array(differences)])
      }
    }
    let holds = times.map { count == $0 } ?? (count > 0)
    var members = [
      JSONMember("operation", .string(operation)),
      JSONMember("expected", times.map(JSONValue.integer) ?? "at least 1"),
      JSONMember("found", .integer(count)),
    ]
    if holds { return (200, .object(members)) }
    // The calls that differ least come first; among equals, the latest.
    let closest = misses.reversed().enumerated().sorted { left, right in
      let fewer = (left.element["differs"]?.elements?.count ?? 0)
      let more = (right.element["differs"]?.elements?.count ?? 0)
      return (fewer, left.offset) < (more, right.offset)
    }
    members.insert(
      JSONMember(
        "message",
        .string(
          "\(operation) was called \(count) times like that\(times.map { ", not \($0)" } ?? "").")),
      at: 0)
    members.append(
      JSONMember(
        "nearMisses", .array(closest.prefix(CallVerification.maximumMisses).map(\.element))))
    members.append(
      JSONMember(
        "otherOperations",
        .object(others.sorted { $0.key < $1.key }.map { JSONMember($0.key, .integer($0.value)) })))
    return (409, .object(members))
  }

  private func differences(_ call: CallJournal.Entry) -> [JSONValue] {
    let body = call.json
    return conditions.compactMap { condition in
      let found = call.value(of: condition.path, in: body)
      guard !isSame(found, condition.value) else { return nil }
      return [
        "field": .string(condition.path), "expected": condition.value, "found": found ?? .null,
      ]
    }
  }

  /// A query has only strings, so numbers and booleans are compared with their text.
  private func isSame(_ found: JSONValue?, _ wanted: JSONValue) -> Bool {
    guard let found else { return wanted == .null }
    if found == wanted { return true }
    switch (found, wanted) {
    case (.string(let text), .integer(let number)): return text == String(number)
    case (.string(let text), .boolean(let value)): return text.lowercased() == String(value)
    case (.integer(let left), .number(let right)), (.number(let right), .integer(let left)):
      return Double(left) == right
    default: return false
    }
  }
}
