import Configuration
import Testing

@testable import Rules

@Suite("What differs between two configurations, in words")
struct SettingsChangesTests {
  private static func changes(_ old: String, _ new: String) throws -> SettingsChanges {
    let app = apps(("main", "A"))
    return SettingsChanges(from: try settings(app + old), to: try settings(app + new))
  }

  @Test("Each thing is one line, by its name, with what it was and is", arguments: table)
  func lines(old: String, new: String, line: String) throws {
    let changes = try Self.changes(old, new)
    #expect(changes.lines == [line])
    #expect(changes.impossible.isEmpty)
    #expect(try Self.changes(new, new).isEmpty)
  }

  private static let table: [(String, String, String)] = [
    (
      "limits: [{name: app-writes, per: app, rate: 100/1m, burst: 5}]",
      "limits: [{name: app-writes, per: app, rate: 200/1m, burst: 5}]",
      "limit app-writes: 100/1m → 200/1m"
    ),
    (
      "limits: [{name: a, per: app, rate: 100/1m, burst: 5}]",
      "limits: [{name: a, per: app, rate: 100/1m, burst: 7, maxWait: 9s}]",
      "limit a: burst 5 → 7, maxWait 5s → 9s"
    ),
    ("", "limits: [{name: a, per: app, rate: 1/1s}]", "limit a: added"),
    ("limits: [{name: a, per: app, rate: 1/1s}]", "", "limit a: removed"),
    (
      "callers: [{name: a, match: {address: 10.0.0.0/8}, apps: [main], allow: [\"*\"]}]",
      "callers: [{name: a, match: {address: 10.0.0.0/8}, apps: [main], allow: [\"read:*\"]}]",
      "caller a: allow [*] → [read:*]"
    ),
    (
      "listen: [{address: 127.0.0.1:1}]",
      "listen: [{address: 127.0.0.1:1}, {address: 127.0.0.1:2}]",
      "listen 127.0.0.1:2: added"
    ),
    (
      "upstream: {url: \"https://a.example/api/v2\"}",
      "upstream: {url: \"https://b.example/api/v2\"}",
      "upstream: https://a.example/api/v2 → https://b.example/api/v2"
    ),
    ("", "tokens: {lifetime: 5m}", "tokens: lifetime 15m → 5m"),
    ("", "drainDelay: 5s", "gateway: drainDelay 0s → 5s"),
    ("", "replicas: 3", "gateway: replicas 1 → 3"),
    ("", "pages: {maxPages: 7}", "pages: maxPages 10000 → 7"),
    ("", "jobs: {poll: 3s}", "jobs: poll 1s → 3s"),
    (
      "traffic: {log: {path: /tmp/a}}", "traffic: {log: {path: /tmp/b}}",
      "traffic: log /tmp/a → /tmp/b"
    ),
    (
      "", "traffic: {capture: [{operation: GetCourses}]}", "capture GetCourses: added"
    ),
    ("", "policy: {unknownOperations: forward}", "policy: unknownOperations refuse → forward"),
    ("", "admin: {actions: false}", "admin: actions true → false"),
  ]

  @Test("A secret that is another one is told, and never shown")
  func secret() throws {
    let old = try settings(apps(("main", "A")))
    var new = old
    new.apps[0].secret = SecretOf.text("CANARY")
    #expect(SettingsChanges(from: old, to: new).lines == ["app main: secret replaced"])
  }

  @Test(
    "What takes a restart is no change, but a reason to change nothing",
    arguments: [
      ("admin: {address: 127.0.0.1:9902}", "admin.address: 127.0.0.1:9901 → 127.0.0.1:9902"),
      ("traffic: {journal: {path: /tmp/other.sqlite}}", "traffic.journal.path: "),
    ])
  func impossible(new: String, problem: String) throws {
    let changes = try Self.changes("", new)
    #expect(changes.impossible.count == 1)
    #expect(changes.impossible.first?.hasPrefix(problem) == true)
    #expect(changes.impossible.first?.contains("needs a restart") == true)
  }
}
