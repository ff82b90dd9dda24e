import Foundation
import Testing

/// What callers send and get, with a sandbox that works normally.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct CallTests {
  @Test("A doubled slash behind the base path goes on as one")
  func doubledSlash() throws {
    let rig = try GatewayRig()
    #expect(try rig.call("GET", "/api/v2//ping").status == 200)
    #expect(try rig.sandboxCalls().first?.string("target") == "/api/v2/ping")
  }

  @Test(
    "The app is chosen by path prefix or by X-Scorm-App, and neither is sent on",
    arguments: [
      ("/apps/second/api/v2/ping", [String]()), ("/api/v2/ping", ["X-Scorm-App: second"]),
    ])
  func chosenApp(target: String, fields: [String]) throws {
    let rig = try GatewayRig(
      yaml: """
        apps:
          - {name: main, id: NOBODY, secret: {env: SCORM_SECRET_KEY}}
          - {name: second, id: SANDBOX, secret: {env: SCORM_SECRET_KEY}}
        """)
    #expect(try rig.call("GET", target, fields).status == 200)
    let call = try #require(try rig.sandboxCalls().first)
    #expect(call.string("target") == "/api/v2/ping")
    #expect((call["fields"] as? [String])?.contains("x-scorm-app") == false)
    #expect(try rig.lines().first?.string("app") == "second")
  }

  @Test("An app that is not configured answers 404 with the names there are")
  func unknownApp() throws {
    let rig = try GatewayRig()
    let answer = try rig.call("GET", "/apps/nobody/api/v2/ping")
    #expect(answer.status == 404 && answer.problem == "app-unknown")
    #expect(answer.detail.contains("main"))
  }

  @Test("A caller's request id is kept, logged and answered; one that is not safe is replaced")
  func requestID() throws {
    let rig = try GatewayRig()
    let caller = try rig.caller()
    let kept = try caller.call("GET", "/api/v2/ping", ["X-Request-Id: order-4711"])
    let made = try caller.call("GET", "/api/v2/ping", ["X-Request-Id: no spaces"])
    let own = try caller.call("GET", "/api/v2/ping")
    #expect(kept["X-Request-Id"] == "order-4711")
    #expect(made["X-Request-Id"]?.count == 32 && own["X-Request-Id"]?.count == 32)
    #expect(made["X-Request-Id"] != own["X-Request-Id"])
    #expect(kept.head.values("X-Request-Id").count == 1)
    let logged = try rig.lines().map { $0.string("request_id") }
    #expect(logged == [kept, made, own].map { $0["X-Request-Id"] ?? "" })
  }

  @Test("An unknown operation answers 404 and names the closest")
  func unknownOperation() throws {
    let rig = try GatewayRig()
    let answer = try rig.call("GET", "/api/v2/course")
    #expect(answer.status == 404 && answer.problem == "operation-unknown")
    #expect(answer.detail.contains("/courses"))
    #expect(try rig.sandboxCalls().isEmpty)
  }

  @Test("Requests sent ahead are answered in their order, over one upstream connection")
  func pipelining() throws {
    let rig = try GatewayRig()
    let caller = try rig.caller()
    let targets = (0..<50).map { $0 % 10 == 3 ? "/api/v2/nothing\($0)" : "/api/v2/courses?n=\($0)" }
    let ids = targets.indices.map { "id-\($0)" }
    try caller.send(
      zip(targets, ids).map { Wire.request("GET", $0, ["X-Request-Id: \($1)"]) }.joined())
    for (number, id) in ids.enumerated() {
      let answer = try caller.answer()
      #expect(answer["X-Request-Id"] == id)
      #expect(answer.status == (number % 10 == 3 ? 404 : 200))
    }
    #expect(try rig.lines().map { $0.string("request_id") } == ids)
  }

  @Test("Requests sent ahead are answered although the caller has ended its direction")
  func halfClosedCaller() throws {
    let rig = try GatewayRig()
    let caller = try rig.caller()
    try caller.send(
      Wire.request("GET", "/api/v2/ping") + Wire.request("GET", "/api/v2/courses"))
    caller.endSending()
    #expect(try caller.answer().status == 200)
    #expect(try caller.answer().status == 200)
    #expect(caller.takeAll().end == .closed)
  }

  @Test("A caller of HTTP/1.0 gets an answer without chunks, and the connection's end")
  func http10() throws {
    let rig = try GatewayRig()
    let caller = try rig.caller()
    try caller.send("GET /api/v2/ping HTTP/1.0\r\nHost: localhost\r\n\r\n")
    let answer = try caller.answer()
    #expect(answer.status == 200 && answer["Transfer-Encoding"] == nil)
    #expect(caller.takeAll().end == .closed)
  }

  @Test("HEAD gets GET's head and no body, and the connection goes on")
  func head() throws {
    let rig = try GatewayRig()
    let caller = try rig.caller()
    let head = try caller.call("HEAD", "/api/v2/courses")
    #expect(head.status == 200)
    let missing = try caller.call("HEAD", "/api/v2/nothing")
    #expect(missing.status == 404 && missing["Content-Length"] != nil)
    #expect(try caller.call("GET", "/api/v2/ping").status == 200)
  }

  @Test("What is spoofed or between neighbours only does not reach the upstream")
  func droppedFields() throws {
    let rig = try GatewayRig()
    let answer = try rig.call(
      "GET", "/api/v2/ping",
      [
        "X-Forwarded-For: 10.0.0.1", "X-Forwarded-Proto: https", "Forwarded: for=10.0.0.1",
        "X-Real-IP: 10.0.0.1", "Cookie: a=b", "Proxy-Authorization: Basic x", "TE: trailers",
        "Keep-Alive: timeout=5", "Connection: keep-alive, X-Hop", "X-Hop: 1", "X-Kept: 1",
      ])
    #expect(answer.status == 200)
    let fields = try #require(try rig.sandboxCalls().first?["fields"] as? [String])
    #expect(Set(fields) == ["host", "via", "x-kept", "x-request-id", "authorization"])
  }

  @Test("A page of a browser and a foreign Host are refused before anything goes upstream")
  func refused() throws {
    let rig = try GatewayRig()
    #expect(try rig.call("GET", "/api/v2/ping", ["Origin: https://example.com"]).status == 403)
    #expect(try rig.call("GET", "/api/v2/ping", ["Sec-Fetch-Site: cross-site"]).status == 403)
    let caller = try rig.caller()
    try caller.send("GET /api/v2/ping HTTP/1.1\r\nHost: evil.test\r\n\r\n")
    #expect(try caller.answer().problem == "host-refused")
    #expect(try rig.sandboxCalls().isEmpty)
  }

  @Test("Bytes that are no request are answered once, and the connection ends")
  func malformed() throws {
    let rig = try GatewayRig()
    let caller = try rig.caller()
    try caller.send(
      "GET /api/v2/ping HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
        + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + Wire.request("GET", "/api/v2/courses"))
    let answer = try caller.answer()
    #expect(answer.status == 400 && answer["Connection"] == "close")
    #expect(caller.takeAll().bytes.isEmpty)
    #expect(try rig.sandboxCalls().isEmpty)
    #expect(try rig.lines().map { $0.int("http.response.status_code") } == [400])
  }

  @Test(
    "Unknown paths in great number are all refused; only some searches for a better one are made")
  func manyUnknownPaths() throws {
    let rig = try GatewayRig()
    let caller = try rig.caller()
    let details = try (0..<100).map { _ in
      let answer = try caller.call("GET", "/api/v2/regstrations")
      #expect(answer.status == 404)
      return answer.detail
    }
    #expect(details[0].contains("GetRegistrations"))
    #expect(details.contains { $0.contains("scorm-gateway operations") })
  }
}
