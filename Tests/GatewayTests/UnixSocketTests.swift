import Foundation
import Gateway
import Glibc
import System
import Testing

/// Callers at a Unix socket, identified by their user.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct UnixSocketTests {
  /// Two callers identified by their users: this process's, and a different one.
  private static func callers(own: String, other: String) -> String {
    """
    apps:
      - name: main
        id: SANDBOX
        secret: {env: SCORM_SECRET_KEY}
    callers:
      - name: other
        match: {unixUser: \(other)}
        apps: [main]
        allow: ["*"]
      - name: own
        match: {unixUser: \(own)}
        apps: [main]
        allow: ["read:*"]
    """
  }

  private static func path() -> String {
    NSTemporaryDirectory() + "u\(UUID().uuidString.prefix(8))"
  }

  @Test(
    "A caller at a Unix socket is who the process at its other end runs as, whatever Host it names")
  func user() throws {
    let path = UnixSocketTests.path()
    let rig = try GatewayRig(
      yaml: UnixSocketTests.callers(own: "\(getuid())", other: "\(getuid() + 1)"),
      ["listen.address": "unix:\(path)"])
    let caller = try Wire(unixPath: path)
    try caller.send("GET /api/v2/ping HTTP/1.1\r\nHost: anything.example\r\n\r\n")
    #expect(try caller.answer().status == 200)
    // A call that its entry does not allow is refused on the same connection.
    let refused = try caller.call("POST", "/api/v2/registrations", body: "{}")
    #expect(refused.status == 403 && refused.problem == "policy-refused")
    let lines = try rig.lines()
    #expect(lines.map { $0.string("caller") } == ["own", "own"])
    #expect(lines.allSatisfy { $0.string("client.address") == "unix:\(getuid())" })
  }

  @Test("A user whom no caller matches is refused, and nothing goes upstream")
  func unknownUser() throws {
    let path = UnixSocketTests.path()
    let rig = try GatewayRig(
      yaml: UnixSocketTests.callers(own: "\(getuid() + 2)", other: "\(getuid() + 1)"),
      ["listen.address": "unix:\(path)"])
    let answer = try Wire(unixPath: path).call("GET", "/api/v2/ping")
    #expect(answer.status == 403 && answer.problem == "caller-unknown")
    #expect(try rig.sandboxCalls().isEmpty)
    let line = try #require(try rig.lines().first)
    #expect(line["caller"] == nil && line.string("client.address") == "unix:\(getuid())")
  }

  @Test("The user at a TCP port is nobody: a rule for a user does not match there")
  func tcp() throws {
    let rig = try GatewayRig(
      yaml: UnixSocketTests.callers(own: "\(getuid())", other: "\(getuid() + 1)"))
    #expect(try rig.call("GET", "/api/v2/ping").problem == "caller-unknown")
  }

  @Test("While a gateway finishes, its successor takes the path over, and keeps it after that")
  func overlap() throws {
    let path = UnixSocketTests.path()
    let yaml = UnixSocketTests.callers(own: "\(getuid())", other: "\(getuid() + 1)")
    let old = try GatewayRig(yaml: yaml, ["listen.address": "unix:\(path)"])
    // A caller with an incomplete head keeps the old process alive.
    let late = try Wire(unixPath: path)
    try late.send("GET /api/v2/ping HTTP/1.1\r\nHost: a\r\n")
    old.gateway.beginDraining()
    var successor: GatewayRig?
    #expect(
      eventually {
        successor = try? GatewayRig(yaml: yaml, ["listen.address": "unix:\(path)"])
        return successor != nil
      })
    let new = try #require(successor)
    #expect(try Wire(unixPath: path).call("GET", "/api/v2/ping").status == 200)
    old.end()
    #expect(try Wire(unixPath: path).call("GET", "/api/v2/ping").status == 200)
    let admin = try #require(new.gateway.adminAddress).port
    #expect(try Wire(port: admin).call("GET", "/readyz").status == 200)
  }

  @Test("A gateway whose socket's file is gone is not ready, and says why")
  func removed() throws {
    let path = UnixSocketTests.path()
    let rig = try GatewayRig(
      yaml: UnixSocketTests.callers(own: "\(getuid())", other: "\(getuid() + 1)"),
      ["listen.address": "unix:\(path)"])
    let admin = try #require(rig.gateway.adminAddress).port
    #expect(eventually { (try? Wire(port: admin).call("GET", "/readyz").status) == 200 })
    _ = unsafe unlink(path)
    let answer = try Wire(port: admin).call("GET", "/readyz?verbose")
    #expect(answer.status == 503)
    #expect(answer.text.contains("socket \(path)") && answer.text.contains("restart it"))
  }
}
