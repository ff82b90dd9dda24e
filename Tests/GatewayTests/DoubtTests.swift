import Configuration
import Foundation
import Gateway
import Rules
import Testing

/// Warnings of `check` about configurations that start.
@Suite("What is hardly meant")
struct DoubtTests {
  private func doubts(_ text: String, _ secret: String = "a-secret") throws -> [String] {
    let file = try TemporaryFile(
      "apps: [{name: main, id: A, secret: {env: SECRET}}]\n\(text)\n")
    return try withExtendedLifetime(file) {
      let loaded = try ConfigurationSource.load(
        file: file.path, environment: Environment(["SECRET": secret]))
      return ConfigurationDoubts(loaded).doubts.map {
        "\($0.problem.keyPath): \($0.problem.message)"
      }
    }
  }

  private static func callers(_ matches: String...) -> String {
    "callers:\n"
      + matches.enumerated().map {
        "  - {name: c\($0), match: {\($1)}, apps: [main], allow: [\"*\"]}\n"
      }.joined()
  }

  private static let twoListeners =
    "listen: [{address: 127.0.0.1:1}, {address: 127.0.0.1:2}, {address: \"unix:/tmp/s\"}]\n"

  @Test("is a caller whose connections an earlier one takes, all of them")
  func shadowed() throws {
    let all = "listen: [{address: 0.0.0.0:1, allowRemote: true}]\n"
    let cases: [(String, [String])] = [
      (all + Self.callers("address: 10.0.0.0/8", "address: 10.1.0.0/16"), ["c1"]),
      (all + Self.callers("address: 10.1.0.0/16", "address: 10.0.0.0/8"), []),
      (all + Self.callers("address: 10.1.0.0/16", "address: 10.2.0.0/16"), []),
      (all + Self.callers("address: 10.1.2.3", "address: 10.1.2.3"), ["c1"]),
      (
        all + Self.callers("address: 0.0.0.0/0", "address: 10.1.2.3", "address: 10.0.0.0/8"),
        ["c1", "c2"]
      ),
      // One of the listeners has a caller, the other does not.
      (Self.twoListeners + Self.callers("listener: 127.0.0.1:1", "address: 127.0.0.1"), []),
      (
        Self.twoListeners
          + Self.callers("listener: 127.0.0.1:1", "listener: 127.0.0.1:2", "address: 127.0.0.1"),
        ["c2"]
      ),
      (
        Self.twoListeners
          + Self.callers("listener: 127.0.0.1:1", "address: 127.0.0.1, listener: 127.0.0.1:1"),
        ["c1"]
      ),
      (Self.twoListeners + Self.callers("unixUser: 0", "unixUser: 1"), []),
      (Self.twoListeners + Self.callers("unixUser: 0", "unixUser: 0"), ["c1"]),
      (Self.twoListeners + Self.callers("listener: unix:/tmp/s", "unixUser: 0"), ["c1"]),
    ]
    for (text, expected) in cases {
      let found = try doubts(text).filter { $0.contains("which comes first") }
        .compactMap {
          $0.firstMatch(of: #/no connection can be (\w+)/#).map { String($0.output.1) }
        }
      #expect(found == expected, "\(text)")
    }
  }

  @Test("is a caller on a listener that names another one, or that no connection can be")
  func unreachable() throws {
    let named = "listen: [{address: 127.0.0.1:1, caller: c0}]\n"
    #expect(
      try doubts(named + Self.callers("address: 127.0.0.2", "address: 127.0.0.1")) == [
        "callers[1].match: no connection can be c1: every connection to 127.0.0.1:1 is c0"
      ])
    let none = "no listener accepts connections that meet these conditions"
    for (listen, match, isDoubtful) in [
      ("127.0.0.1:1", "address: 10.0.0.0/8", true), ("127.0.0.1:1", "address: 127.0.0.0/8", false),
      ("127.0.0.1:1", "address: 0.0.0.0/0", false), ("127.0.0.1:1", "address: \"::1\"", true),
      ("127.0.0.1:1", "unixUser: 0", true), ("\"unix:/tmp/s\"", "unixUser: 0", false),
      ("\"unix:/tmp/s\"", "address: 10.0.0.1", true),
      ("\"[::]:1\", allowRemote: true", "address: 10.0.0.1", false),
      ("\"0.0.0.0:1\", allowRemote: true", "address: \"fd00::/8\"", true),
      ("127.0.0.1:1", "unixUser: 0, address: 127.0.0.1", true),
    ] {
      let found = try doubts("listen: [{address: \(listen)}]\n" + Self.callers(match))
      #expect(found.contains { $0.contains(none) } == isDoubtful, "\(listen) \(match)")
    }
  }

  @Test("is a limit whose conditions no operation meets, or that counts what nobody may call")
  func limits() throws {
    let callers =
      "callers: [{name: crm, match: {address: 127.0.0.1}, apps: [main], allow: [\"read:course\"]}]\n"
    for (match, words) in [
      ("access: write, service: ping", "no operation meets all of these conditions"),
      ("access: write, operation: GetCourses", "no operation meets"),
      ("service: course, operation: GetRegistration", "no operation meets"),
      ("access: write", "no caller may call what this limit counts"),
      ("operation: GetAppToken", "no caller may call"),
      ("service: course", ""), ("access: read", ""), ("operation: GetCourses", ""),
    ] {
      let found = try doubts(callers + "limits: [{name: one, match: {\(match)}, rate: 1/1s}]")
      #expect(found.isEmpty == words.isEmpty, "\(match)")
      #expect(found.allSatisfy { $0.hasPrefix("limits[0].match: ") && $0.contains(words) })
    }
    #expect(try doubts("limits: [{name: one, rate: 1/1s}]").isEmpty)
  }

  @Test("is a listener that other machines reach, without callers")
  func reach() throws {
    for (address, isDoubtful) in [
      ("0.0.0.0:1", true), ("\"[::]:1\"", true), ("10.0.0.1:1", true), ("127.0.0.1:1", false),
    ] {
      let listen = "listen: [{address: \(address), allowRemote: true}]\n"
      #expect(try doubts(listen).contains { $0.hasPrefix("listen[0].address: ") } == isDoubtful)
      #expect(
        try doubts(listen + Self.callers("address: 0.0.0.0/0", "address: \"::/0\"")).allSatisfy {
          !$0.hasPrefix("listen")
        })
    }
  }

  @Test("are quotation marks around a secret, which are not shown, and an id")
  func quotes() throws {
    for (secret, isDoubtful) in [
      ("\"CANARY\"", true), ("'CANARY'", true), ("'CANARY\"", false), ("\"", false),
      ("CANARY\"", false), ("CAN\"ARY", false),
    ] {
      let found = try doubts("", secret)
      #expect(
        found
          == (isDoubtful
            ? ["apps[0].secret: the secret begins and ends with a quotation mark"] : []))
    }
  }

  @Test("is a URL that does not end in /api/v2")
  func url() throws {
    for (url, isDoubtful) in [
      ("https://cloud.scorm.com/api/v2", false), ("https://cloud.scorm.com/api/v2/", false),
      ("https://cloud.scorm.com", true), ("https://cloud.scorm.com/api", true),
      ("https://proxy.internal/scorm/api/v2", false),
    ] {
      let found = try doubts("upstream: {url: \"\(url)\"}")
      #expect(found.contains { $0.hasPrefix("upstream.url: ") } == isDoubtful, "\(url)")
    }
  }

  @Test("is told by check with its place, and stops nothing")
  func told() throws {
    let file = try TemporaryFile(
      "apps: [{name: main, id: A, secret: {env: SECRET}}]\nupstream:\n  url: https://cloud.scorm.com\n"
    )
    let checked = try Command.run(["check", "-c", file.path], ["SECRET": "a-secret"])
    #expect(checked.exitCode == 0)
    #expect(
      checked.errors.contains(
        "warning: \(file.path):3:8: upstream.url: https://cloud.scorm.com does not end in /api/v2"))
  }
}
