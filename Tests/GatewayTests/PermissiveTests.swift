import Foundation
import Gateway
import System
import Testing

/// `callers[].mode: permissive`, from the configuration to the log.
@Suite("A permissive caller", .ownThread, .timeLimit(.minutes(1)))
struct PermissiveTests {
  private static func yaml(_ mode: String) -> String {
    """
    apps: [{name: main, id: SANDBOX, secret: {env: SCORM_SECRET_KEY}}]
    callers:
      - {name: crm, match: {address: 127.0.0.1}, apps: [main], allow: [PingAppId], mode: \(mode)}
    """
  }

  @Test("is served what allow does not grant; the log tells, and nothing else does")
  func served() throws {
    let rig = try GatewayRig(yaml: Self.yaml("permissive"))
    #expect(try rig.call("GET", "/api/v2/ping").status == 200)
    let answer = try rig.call("GET", "/api/v2/courses")
    #expect(answer.status == 200)
    #expect(!answer.text.contains("would_deny") && answer.problem == nil)
    let lines = try rig.lines()
    #expect(lines.map { $0.string("would_deny") } == ["", "allow"])
    #expect(lines.allSatisfy { $0.string("termination") == "completed" })
  }

  @Test("is refused it after a reload that makes it normal, and by a mode that an operator sets")
  func ends() throws {
    let rig = try GatewayRig(yaml: Self.yaml("permissive"))
    let caller = try rig.caller()
    #expect(try caller.call("GET", "/api/v2/courses").status == 200)
    let admin = try Wire(port: try #require(rig.gateway.adminAddress?.port))
    let callers = try admin.call("GET", "/api/callers").text
    #expect(callers.contains("\"mode\":\"permissive\""))
    let explained = try Wire(port: try #require(rig.gateway.adminAddress?.port)).call(
      "GET", "/api/explain?method=GET&path=/api/v2/courses&format=table"
    ).text
    #expect(explained.contains("callers[].allow does not grant it"))
    try rig.reload(yaml: Self.yaml("normal"))
    #expect(
      try eventually { try caller.call("GET", "/api/v2/courses").problem == "policy-refused" })
  }
}
