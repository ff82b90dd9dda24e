import AccessTokens
import Configuration
import Foundation
import Gateway
import System
import Testing

/// `explain` says what the gateway does.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct ExplainTests {
  private static let yaml = """
    apps:
      - {name: main, id: {env: SCORM_APP_ID}, secret: {env: SCORM_SECRET_KEY}}
      - {name: management, kind: management, id: SANDBOX-MANAGEMENT, secret: {env: MANAGEMENT_SECRET}}
    callers:
      - {name: crm, match: {address: 127.0.0.0/8}, apps: [main], allow: ["read:*", CreateRegistration]}
      - {name: ops, match: {address: 10.0.0.1/32}, apps: [main, management], allow: ["*"]}
    policy: {sensitiveForwarded: [GetConnectorsList]}
    limits:
      - {name: writes, per: app, match: {access: write}, rate: 1/1h, onExceed: refuse}
      - {name: reads, per: caller, match: {access: read}, rate: 1000/1s}
    """

  /// `/api/explain` of a running gateway.
  private func explain(
    _ rig: GatewayRig, _ method: String, _ path: String, _ more: String = "&caller=crm"
  ) throws -> Answer {
    let port = try #require(rig.gateway.adminAddress?.port)
    let path = path.replacing("%", with: "%25").replacing("&", with: "%26")
    return try Wire(port: port).call(
      "GET", "/api/explain?method=\(method)&path=\(path)\(more)")
  }

  @Test(
    "A call that it calls allowed goes upstream with this target, scope and credential",
    arguments: [
      ("GET", "/api/v2/ping"), ("GET", "/api/v2/courses?since=2024&orderBy=a%2Fb"),
      ("GET", "/api/v2//registrations"), ("GET", "/api/v2/about"),
      ("GET", "/api/v2/contentConnectors"), ("GET", "/apps/main/api/v2/dispatch/destinations"),
    ])
  func allowed(method: String, path: String) throws {
    let rig = try GatewayRig(yaml: ExplainTests.yaml)
    let told = try explain(rig, method, path).json
    _ = try rig.call(method, path)
    let call = try #require(try rig.sandboxCalls().last)
    #expect(told["allowed"] as? Bool == true)
    #expect(told.string("upstream").hasSuffix(call.string("target")))
    #expect(told.string("upstream").hasPrefix("http://127.0.0.1:"))
    #expect(told.string("operation") == call.string("operation"))
    #expect(told.string("credential") == call.string("credential"))
    #expect(told.string("scope") == (call["scopes"] as? [String])?.joined(separator: " "))
    let line = try #require(try rig.lines().last)
    for name in ["app", "caller", "operation", "credential", "scope"] {
      #expect(told.string(name) == line.string(name), "\(name)")
    }
  }

  @Test(
    "A call that it calls refused is refused with this status and for this reason",
    arguments: [
      ("DELETE", "/api/v2/courses/c", ""), ("GET", "/api/v2/course", ""), ("GET", "/courses", ""),
      ("PUT", "/api/v2/ping", ""), ("GET", "/api/v2/courses/..", ""),
      ("GET", "/api/v2/courses", "X-Scorm-App: other"), ("GET", "/api/v2/ping", "Origin: http://a"),
      ("POST", "/api/v2/appManagement/token", ""), ("GET", "/api/v2/ping", "Host: elsewhere"),
      ("GET", "/api/v2/dispatch/dispatches/d/lti", ""),
      ("GET", "/api/v2/appManagement/applications", ""), ("TRACE", "/api/v2/ping", ""),
    ])
  func refused(method: String, path: String, field: String) throws {
    let rig = try GatewayRig(yaml: ExplainTests.yaml)
    let header = field.isEmpty ? "" : "&header=" + field.replacing(" ", with: "%20")
    let told = try explain(rig, method, path, "&caller=crm" + header).json
    var request = Wire.request(method, path, field.isEmpty ? [] : [field])
    if field.hasPrefix("Host") { request = request.replacing("Host: localhost\r\n", with: "") }
    let wire = try rig.caller()
    try wire.send(request)
    let answer = try wire.answer(to: method)
    #expect(told["allowed"] as? Bool == false && told.int("status") == answer.status)
    #expect(told.string("error") == answer.problem && told.string("detail") == answer.detail)
    // The log has the same step, app and operation.
    let line = try #require(try rig.lines().last)
    let steps = try #require(told["steps"] as? [[String: String]])
    let refusing = steps.filter { $0["result"] == "refuses" }.compactMap { $0["step"] }
    #expect(refusing.map { "gateway/\($0)" } == [line.string("termination")])
    for name in ["app", "operation"] {
      #expect(told[name] as? String == line[name] as? String, "\(name)")
    }
  }

  @Test("It tells which limits apply and what they would do, and takes nothing from them")
  func limits() throws {
    let rig = try GatewayRig(yaml: ExplainTests.yaml)
    for _ in 0..<3 {
      let told = try explain(rig, "POST", "/api/v2/registrations").json
      #expect(told["limits"] as? [String] == ["writes"])
      #expect(told["refusedByLimit"] as? Bool == false && told.double("predictedWait") == 0)
    }
    _ = try rig.call("POST", "/api/v2/registrations", body: "{}")
    let told = try explain(rig, "POST", "/api/v2/registrations").json
    #expect(told["violated"] as? [String] == ["writes"] && told["refusedByLimit"] as? Bool == true)
    #expect(told.double("predictedWait") > 3000)
  }

  @Test("It tells the token's state, and of it nothing but a fingerprint")
  func token() throws {
    let rig = try GatewayRig(secret: "sandbox-secret", yaml: ExplainTests.yaml)
    let before = try explain(rig, "GET", "/api/v2/courses").json["token"] as? [String: Any]
    #expect(before?.string("state") == "fetched when needed")
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    let answer = try explain(rig, "GET", "/api/v2/courses")
    let after = try #require(answer.json["token"] as? [String: Any])
    #expect(after.string("state") == "usable" && after.double("remaining") > 600)
    #expect(after.string("fingerprint") == (try rig.lines().last?.string("token_fingerprint")))
    #expect(!answer.text.contains("Bearer") && !answer.text.contains("sandbox-secret"))
  }

  @Test(
    "While the app's secret is refused it promises no answer, also for a token nobody has needed yet"
  )
  func refusedSecret() throws {
    let rig = try GatewayRig(secret: "wrong", yaml: ExplainTests.yaml)
    #expect(
      eventually {
        rig.gateway.tokenListing.apps.first { $0.name == "main" }?.isSecretRefused == true
      })
    for path in ["/api/v2/ping", "/api/v2/courses"] {
      let told = try explain(rig, "GET", path).json
      let answer = try rig.call("GET", path)
      #expect(answer.problem == "credential-refused")
      #expect(told["allowed"] as? Bool == true)
      #expect(told.string("error") == answer.problem && told.int("status") == answer.status)
      let port = try #require(rig.gateway.adminAddress?.port)
      let table = try Wire(port: port).call(
        "GET", "/api/explain?method=GET&path=\(path)&caller=crm&format=table"
      ).text
      #expect(table.contains("\(answer.status) credential-refused"))
    }
  }

  @Test("After a climb it tells the rung that is in use")
  func rung() throws {
    let upstream = try ScopedUpstream { $0.credential == "read" ? 200 : 403 }
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port)
    let before = try explain(rig, "GET", "/api/v2/about", "").json
    #expect(before.int("rung") == 1 && before.string("scope") == "read:about")
    #expect(before["rungs"] as? [String] == ["read:about", "read", "basic"])
    #expect(try rig.call("GET", "/api/v2/about").status == 200)
    let after = try explain(rig, "GET", "/api/v2/about", "").json
    #expect(after.int("rung") == 2 && after.string("scope") == "read")
  }

  @Test(
    "A question that cannot be answered is a 400 that tells what to ask",
    arguments: [
      ("method=GET", "path"), ("path=/api/v2/ping", "method"),
      ("method=GET&path=/api/v2/ping", "crm, ops"),
      ("method=GET&path=/api/v2/ping&caller=nobody", "crm, ops"),
      ("method=GET&path=ping&caller=crm", "slash"),
      ("method=GET&path=/api%0d%0aHost:%20a&caller=crm", "control"),
      ("method=GET&path=/api/v2/ping&caller=crm&header=broken", "Name: value"),
      ("method=GET&path=%zz", "%25"),
    ])
  func badQuestion(query: String, hint: String) throws {
    let rig = try GatewayRig(yaml: ExplainTests.yaml)
    let port = try #require(rig.gateway.adminAddress?.port)
    let answer = try Wire(port: port).call("GET", "/api/explain?\(query)")
    #expect(answer.status == 400 && answer.detail.contains(hint), "\(answer.text)")
  }

  @Test("explain by a file needs no gateway; by an address it asks the one that runs")
  func command() throws {
    let file = try TemporaryFile(ExplainTests.yaml)
    let environment = [
      "SCORM_APP_ID": "SANDBOX", "SCORM_SECRET_KEY": "CANARY-a", "MANAGEMENT_SECRET": "CANARY-b",
    ]
    let call = ["explain", "GET", "/api/v2/about", "--caller", "crm"]
    let offline = try Command.run(call + ["-c", file.path], environment)
    #expect(offline.exitCode == 0 && offline.errors.isEmpty)
    #expect(offline.output.contains("GetAbout") && offline.output.contains("read, then basic"))
    #expect(!offline.output.contains("CANARY") && !offline.output.contains("TOKEN"))
    let rig = try GatewayRig(yaml: ExplainTests.yaml)
    let port = try #require(rig.gateway.adminAddress?.port)
    let asked = try Command.run(
      call + ["--admin", "127.0.0.1:\(port)", "--format", "json", "--header", "X-A: b & c%"])
    #expect(asked.exitCode == 0 && asked.output.contains("\"state\":\"fetched when needed\""))
    let unknown = try Command.run(
      ["explain", "GET", "/api/v2/about", "--caller", "no", "--admin", "127.0.0.1:\(port)"])
    #expect(unknown.exitCode == 1 && unknown.errors.contains("crm, ops"))
    let nobody = try Command.run(call + ["--admin", "127.0.0.1:1"])
    #expect(nobody.exitCode == 1)
    for part in ["no gateway answers", "127.0.0.1:1", "--admin", "scorm-gateway serve"] {
      #expect(nobody.errors.contains(part))
    }
    let broken = try TemporaryFile("apps: 1")
    #expect(try Command.run(call + ["-c", broken.path]).exitCode == 78)
  }
}
