import Configuration
import Forwarding
import Foundation
import HTTPMessages
import Memory
import Rules
import SCORMCloudAPI
import TrafficLog

@testable import Policy

/// The present time of the tests, in nanoseconds since 1970.
let now: Int64 = 1_795_950_000_000_000_000
let day: Int64 = 86_400_000_000_000

/// Settings with three apps, one of them for management, and these callers and policies.
func settings(_ rest: String) throws -> Settings {
  let file = try TemporaryFile(
    """
    apps:
      - {name: main, id: A, secret: {env: SECRET}}
      - {name: second, id: B, secret: {env: SECRET}}
      - {name: management, kind: management, id: C, secret: {env: SECRET}}
    defaultApp: main
    \(rest)

    """)
  return try withExtendedLifetime(file) {
    try ConfigurationSource.load(
      file: file.path, environment: Environment(["SECRET": "a-secret"])
    ).settings
  }
}

extension TrafficRecord {
  /// A call as the log records it.
  static func call(
    _ operation: String?, caller: String? = "crm", app: String? = "main", status: Int = 200,
    error: String? = nil, termination: String = "completed", method: String = "GET",
    wouldDeny: Bool = false, at time: Int64 = now - day
  ) -> TrafficRecord {
    let stamp = Date(timeIntervalSince1970: Double(time) / 1e9).ISO8601Format()
    let members = [
      "\"timestamp\":\"\(stamp)\"", "\"http.request.method\":\"\(method)\"",
      caller.map { "\"caller\":\"\($0)\"" }, app.map { "\"app\":\"\($0)\"" },
      operation.map { "\"operation\":\"\($0)\"" }, "\"http.response.status_code\":\(status)",
      wouldDeny ? "\"would_deny\":\"allow\"" : nil,
      error.map { "\"error.type\":\"\($0)\"" }, "\"duration\":0.01",
      "\"termination\":\"\(termination)\"",
    ].compactMap { $0 }
    let line = Array("{\(members.joined(separator: ","))}".utf8)
    guard let record = TrafficRecord(line: line.span.bytesOfElements) else {
      fatalError("not a line of the log")
    }
    return record
  }

  /// A call that `callers[]` refused.
  static func refused(
    _ operation: String, caller: String = "crm", app: String = "main", at time: Int64 = now - day
  ) -> TrafficRecord {
    call(
      operation, caller: caller, app: app, status: 403, error: "policy-refused",
      termination: "gateway/policy", at: time)
  }
}

func tally(_ records: [TrafficRecord], since: Int64 = now - 30 * day) -> CallTally {
  var tally = CallTally(since: since)
  for record in records { tally.add(record) }
  return tally
}

/// Plans calls under the rules of a configuration, independently of the code under test.
struct Judge: ~Copyable {
  let planner: RequestPlanner
  let settings: Settings

  init(_ settings: Settings) throws {
    self.settings = settings
    planner = RequestPlanner(rules: try RulesCompiler(settings).compile().rules)
  }

  /// Whether `caller` may call `operation` through `app`.
  func allows(_ operation: SCORMCloudAPI.Operation, app: String, caller: String) throws -> Bool {
    guard let number = settings.callers.firstIndex(where: { $0.name == caller }) else {
      return false
    }
    let path = operation.template.description.replacing(/\{[^}]*\}/, with: "7")
    let head = Array(
      "\(operation.method.name) /api/v2\(path) HTTP/1.1\r\nHost: localhost\r\nX-Scorm-App: \(app)\r\n\r\n"
        .utf8)
    var parser = RequestHeadParser()
    guard let parsed = try parser.parse(head.span.bytesOfElements) else { return false }
    do {
      _ = try planner.plan(
        parsed, fields: parser.fields, in: head.span.bytesOfElements,
        from: CallerContext(listener: 0, caller: number))
      return true
    } catch { return false }
  }
}
