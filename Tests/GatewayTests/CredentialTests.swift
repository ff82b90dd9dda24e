import Foundation
import Testing

/// Which credential is sent upstream, and what the gateway does without one.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct CredentialTests {
  static let withManagement = """
    apps:
      - name: main
        id: SANDBOX
        secret: {env: SCORM_SECRET_KEY}
      - name: management
        kind: management
        id: SANDBOX-MANAGEMENT
        secret: {env: MANAGEMENT_SECRET}
    """

  @Test(
    "A call goes upstream with a token of the least scope that its operation needs",
    arguments: [
      ("GET", "/api/v2/ping", "read:ping"), ("GET", "/api/v2/courses", "read:course"),
      ("PUT", "/api/v2/courses/none/tags", "write:course"),
      ("DELETE", "/api/v2/courses/none", "delete:course"),
      ("GET", "/api/v2/registrations", "read:registration"),
    ])
  func leastScope(method: String, path: String, scope: String) throws {
    let rig = try GatewayRig()
    _ = try rig.call(method, path, body: method == "PUT" ? "{\"tags\":[]}" : nil)
    let call = try #require(try rig.sandboxCalls().first)
    #expect(call.string("credential") == "token")
    #expect(call["scopes"] as? [String] == [scope])
    #expect(call.int("status") < 500 && call.int("status") != 401 && call.int("status") != 403)
  }

  @Test("A hundred cold calls of one operation at once cost one token request")
  func oneTokenRequest() throws {
    let rig = try GatewayRig(threads: 2)
    // The gateway's first token, which it fetches for readiness, is not counted.
    #expect(try rig.call("GET", "/api/v2/ping").status == 200)
    let before = try rig.tokenRequests()
    let callers = try (0..<100).map { _ in try rig.caller() }
    for caller in callers { try caller.send(Wire.request("GET", "/api/v2/courses")) }
    for caller in callers { #expect(try caller.answer().status == 200) }
    #expect(try rig.tokenRequests() == before + 1)
    #expect(try rig.sandboxCalls().count == 101)
  }

  @Test(
    "A management operation is called with the management app, whatever the caller's app is")
  func managementApp() throws {
    let rig = try GatewayRig(yaml: CredentialTests.withManagement)
    let answer = try rig.call("GET", "/api/v2/appManagement/applications")
    #expect(answer.status == 200)
    let call = try #require(try rig.sandboxCalls().first)
    #expect(call.string("app") == "SANDBOX-MANAGEMENT")
    #expect(call["scopes"] as? [String] == ["read:appmgmt"])
    #expect(try rig.lines().first?.string("app") == "management")
  }

  @Test("An operation whose scope nobody knows is called with Basic")
  func basic() throws {
    let rig = try GatewayRig(["policy.sensitiveForwarded": "GetConnectorsList"])
    let answer = try rig.call("GET", "/api/v2/contentConnectors")
    #expect(answer.status == 200)
    #expect(try rig.sandboxCalls().first?.string("credential") == "basic")
    #expect(try rig.lines().first?.string("credential") == "basic")
  }

  @Test(
    "An operation that nobody knows gets a token, never the secret: to read what it reads, not for the account"
  )
  func unknown() throws {
    let rig = try GatewayRig(["policy.unknownOperations": "forward"])
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"] {
      #expect(try rig.call(method, "/api/v2/new/thing").problem == nil)
    }
    let lines = try rig.lines()
    #expect(lines.map { $0.string("credential") } == Array(repeating: "token", count: 6))
    #expect(
      lines.map { $0.string("scope") } == ["read", "read"]
        + Array(repeating: "delete read write", count: 4))
    let upstream = try HostileUpstream([.request, .answer(), .untilEnd])
    defer { upstream.stop() }
    let seen = try GatewayRig(upstream: upstream.port, ["policy.unknownOperations": "forward"])
    #expect(try seen.call("POST", "/api/v2/new/thing").status == 200)
    #expect(upstream.heads.first?["Authorization"]?.hasPrefix("Bearer ") == true)
    let fixed = try GatewayRig([
      "policy.unknownOperations": "forward", "tokens.scopes": "fixed", "tokens.scopesList": "admin",
    ])
    #expect(try fixed.call("GET", "/api/v2/new/thing").problem == nil)
    #expect(try fixed.lines().first?.string("scope") == "admin")
  }

  @Test("A look-alike of a sensitive operation is refused, whatever is forwarded")
  func lookalikes() throws {
    let rig = try GatewayRig([
      "policy.unknownOperations": "forward", "policy.outsideBasePath": "forward",
    ])
    for path in [
      "/api/v2/xapi/credentials.json", "/api/v2/appManagement/a/%20credentials",
      "/xapi/Credentials", "/api/v2/dispatch/dispatches/7%2Flti",
    ] {
      #expect(try rig.call("GET", path).problem == "sensitive-operation-refused", "\(path)")
    }
    #expect(try rig.sandboxCalls().isEmpty)
  }

  @Test("Of the operations whose answers are secrets only those pass that the policy names")
  func named() throws {
    let rig = try GatewayRig(["policy.sensitiveForwarded": "GetReportageAuthToken"])
    let path = "/api/v2/reporting/reportageAuth?navPermission=NONAV"
    #expect(try rig.call("GET", path).status == 200)
    let answer = try rig.call("GET", "/api/v2/dispatch/dispatches/d/lti")
    #expect(answer.problem == "sensitive-operation-refused")
    #expect(answer.detail.contains("GetLtiDispatch answers with the shared secret"))
  }

  @Test("The launch of an LTI dispatch carries no credential")
  func none() throws {
    let rig = try GatewayRig()
    _ = try rig.call("GET", "/api/v2/dispatch/dispatches/d/launches")
    let call = try #require(try rig.sandboxCalls().first)
    #expect(call.string("credential") == "none")
    #expect(call["fields"] as? [String] != nil)
    #expect((call["fields"] as? [String])?.contains("authorization") == false)
  }

  @Test(
    "A caller's own Authorization is thrown away and never refused",
    arguments: ["Basic Og==", "Bearer mine", "Basic U0FOREJPWDp3cm9uZw=="])
  func inboundAuthorization(value: String) throws {
    let rig = try GatewayRig()
    #expect(try rig.call("GET", "/api/v2/courses", ["Authorization: \(value)"]).status == 200)
    let call = try #require(try rig.sandboxCalls().first)
    #expect(call.string("credential") == "token")
    #expect((call["fields"] as? [String])?.filter { $0 == "authorization" }.count == 1)
  }

  @Test(
    "A wrong secret answers 502 with what to fix, not when to come back, and says the secret nowhere"
  )
  func wrongSecret() throws {
    let rig = try GatewayRig(secret: "CANARY-wrong-secret")
    let answer = try rig.call("GET", "/api/v2/courses")
    #expect(answer.status == 502)
    #expect(answer.problem == "credential-refused")
    #expect(answer.detail.contains("main") && answer.detail.contains("secret"))
    #expect(answer.json["message"] as? String == answer.detail)
    #expect(answer["Retry-After"] == nil && answer.json["retriable"] as? Bool == false)
    #expect(try rig.lines().first?.string("error.type") == "credential-refused")
    for text in [answer.head.text, answer.text, rig.log, rig.told.all.joined()] {
      #expect(!text.contains("CANARY"))
    }
    #expect(!rig.told.all.isEmpty)
  }

  @Test(
    "A token that was revoked is replaced and the call made once more, unseen by the caller")
  func revokedToken() throws {
    let refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
    let upstream = try HostileUpstream(
      [.request, .send(refusal), .untilEnd], [.request, .answer()])
    let rig = try GatewayRig(upstream: upstream.port)
    #expect(try rig.call("GET", "/api/v2/ping").status == 200)
    #expect(upstream.heads.count == 2)
    // The first token was fetched at the start, the second one for this call.
    #expect(try rig.tokenRequests() == 2)
    let line = try #require(try rig.lines().last)
    #expect(line.attempts.map { $0.int("status") } == [401, 200])
    #expect(line.attempts.first?.string("retry") == "token-refused")
  }

  @Test("A second refusal answers 502 and names the app; an upload is not made twice")
  func refusedTwice() throws {
    let refusal =
      "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nContent-Length: 0\r\n\r\n"
    let upstream = try HostileUpstream([.request, .send(refusal), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port)
    let answer = try rig.call("GET", "/api/v2/ping")
    #expect(answer.status == 502 && answer.problem == "upstream-refused-credential")
    #expect(answer["WWW-Authenticate"] == nil && answer.detail.contains("main"))
    #expect(upstream.heads.count == 2)
    // A 401 means that nothing was done, so a short body is sent again. A long one is not available any more.
    #expect(try rig.call("POST", "/api/v2/registrations", body: "{}").status == 502)
    #expect(upstream.heads.count == 4)
    let long = String(repeating: "x", count: 100_000)
    #expect(try rig.call("POST", "/api/v2/registrations", body: long).status == 502)
    #expect(upstream.heads.count == 5)
  }

  @Test("A secret changed upstream answers an error of the gateway's, never a 401")
  func changedSecret() throws {
    let rig = try GatewayRig()
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    try rig.changeSandboxSecret(to: "another")
    let answer = try rig.call("GET", "/api/v2/courses")
    #expect(answer.status == 502 || answer.status == 503)
    #expect(answer["WWW-Authenticate"] == nil)
    #expect(answer.detail.contains("main"))
  }
}
