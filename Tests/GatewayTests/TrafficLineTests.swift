import Foundation
import Gateway
import System
import Testing

/// The traffic log of a running gateway: one line per exchange, without secrets.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct TrafficLineTests {
  @Test("An exchange's line tells who asked what, of whom, with what credential, and how it went")
  func wholeLine() throws {
    let rig = try GatewayRig()
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    let answer = try rig.call(
      "GET", "/api/v2/courses?tags=a%22b&more=cursor",
      ["User-Agent: billing/1.0", "X-Request-Id: r-1", "traceparent: \(trace)"])
    let line = try #require(try rig.lines().first)
    #expect(line.string("request_id") == "r-1")
    #expect(line.string("client.address") == "127.0.0.1")
    #expect(line.string("caller") == "anonymous" && line.string("app") == "main")
    #expect(line.string("operation") == "GetCourses")
    #expect(line.string("http.request.method") == "GET")
    #expect(line.string("url.path") == "/api/v2/courses")
    #expect(line.string("url.query") == "tags=a%22b&more=***")
    #expect(line.int("http.response.status_code") == answer.status)
    #expect(line.int("http.request.body.size") == 0)
    #expect(line.int("http.response.body.size") == answer.body.count)
    #expect(line.string("credential") == "token" && line.string("scope") == "read:course")
    #expect(line.string("token_fingerprint").count == 8)
    #expect(line.string("termination") == "completed" && line["error.type"] == nil)
    #expect(line.string("user_agent.original") == "billing/1.0")
    #expect(line.string("trace_id") == "0af7651916cd43dd8448eb211c80319c")
    #expect(line.double("duration") >= line.double("token_wait"))
    #expect(line.double("token_wait") > 0 && line.double("queue_wait") == 0)
    let attempt = try #require(line.attempts.first)
    #expect(attempt.string("address") == "127.0.0.1:\(rig.sandbox.address.port)")
    #expect(attempt.int("status") == answer.status)
    let stamp = line.string("timestamp")
    let pattern = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/
    #expect(try pattern.wholeMatch(in: stamp) != nil)
  }

  @Test("Every line names the gateway: as configured, else by its host name; acts of operators too")
  func gatewayName() throws {
    let unnamed = try GatewayRig()
    _ = try unnamed.call("GET", "/api/v2/ping")
    #expect(try unnamed.lines().first?.string("gateway") == ProcessInfo.processInfo.hostName)
    let rig = try GatewayRig(["traffic.gateway": "gate-1"])
    _ = try rig.call("GET", "/api/v2/ping")
    let caller = try rig.caller()
    try caller.send("not HTTP at all\r\n\r\n")
    _ = try caller.answer()
    let admin = try #require(rig.gateway.adminAddress?.port)
    #expect(try Wire(port: admin).call("POST", "/api/mode?mode=read-only").status == 200)
    try rig.reload(["traffic.gateway": "gate-2"])
    _ = try rig.call("GET", "/api/v2/ping")
    let lines = try rig.lines()
    #expect(lines.count == 4)
    #expect(lines.count { $0.string("gateway") == "gate-1" } == 3)
    #expect(lines.count { $0.string("gateway") == "gate-2" } == 1)
  }

  @Test("Every request has exactly one line, whatever became of it")
  func oneLineEach() throws {
    let rig = try GatewayRig(threads: 2)
    let requests = [
      "GET /api/v2/ping HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /api/v2/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /api/v2/ping HTTP/1.1\r\nHost: evil.test\r\n\r\n",
      "GET /api/v2/ping HTTP/1.1\r\nHost: localhost\r\nOrigin: https://a.test\r\n\r\n",
      "OPTIONS /api/v2/ping HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "DELETE /api/v2/ping HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET /api/v2/%2e%2e/ping HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "TRACE /api/v2/ping HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "GET \u{7f}/ HTTP/1.1\r\n\r\n", "not HTTP at all\r\n\r\n",
    ]
    var statuses: [Int] = []
    for request in requests {
      let caller = try rig.caller()
      try caller.send(request)
      statuses.append(try caller.answer().status)
    }
    #expect(statuses == [200, 404, 403, 403, 204, 405, 400, 405, 400, 400])
    let logged = try rig.lines().map { $0.int("http.response.status_code") }
    #expect(logged.sorted() == statuses.sorted())
  }

  @Test("What a caller sends cannot forge a line, nor make one that is no JSON")
  func forgery() throws {
    let rig = try GatewayRig()
    let caller = try rig.caller()
    var request = Array("GET /api/v2/courses?a=%0a%22 HTTP/1.1\r\nHost: localhost\r\n".utf8)
    request +=
      Array("User-Agent: \"},{\"forged\":\"\\u0000 ".utf8) + [0xFF, 0xC3, 0x28, 0xE2, 0x80, 0xA8]
    request += Array("\r\n\r\n".utf8)
    try caller.send(request)
    #expect(try caller.answer().status == 200)
    let lines = try rig.lines()
    #expect(lines.count == 1 && lines[0]["forged"] == nil)
    #expect(lines[0].string("user_agent.original").hasPrefix("\"},{\"forged\""))
  }

  @Test("Neither secret nor token stands in the log, whatever the caller sends along")
  func nothingSecret() throws {
    let upstream = try HostileUpstream(
      [.request, .answer(), .request, .send("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")])
    let rig = try GatewayRig(upstream: upstream.port)
    let fields = ["Authorization: Bearer CANARY-1", "Cookie: session=CANARY-2"]
    let query = "more=CANARY-3&client_secret=CANARY-4&x[token]=CANARY-6&since=1;sig=CANARY-7"
    _ = try rig.call("GET", "/api/v2/courses?" + query, fields)
    _ = try rig.call("POST", "/api/v2/registrations", fields, body: "CANARY-5")
    #expect(try rig.lines().count == 2)
    let token = try #require(upstream.heads.first?["Authorization"]?.split(separator: " ").last)
    #expect(token.count > 20)
    for text in [rig.log, rig.told.all.joined()] {
      #expect(!text.contains("CANARY") && !text.contains(token))
      #expect(!text.contains("sandbox-secret") && !text.contains("U0FOREJPWD"))
    }
  }

  @Test("After a rotation new lines go to a new file, and none is lost")
  func rotation() throws {
    let rig = try GatewayRig()
    #expect(try rig.call("GET", "/api/v2/ping", ["X-Request-Id: old"]).status == 200)
    #expect(eventually { rig.log.contains("old") })
    let rotated = try rig.rotateLog()
    #expect(eventually { rig.logExists })
    #expect(try rig.call("GET", "/api/v2/ping", ["X-Request-Id: new"]).status == 200)
    #expect(try rig.lines().map { $0.string("request_id") } == ["new"])
    let old = try String(contentsOfFile: rotated, encoding: .utf8)
    #expect(old.contains("old") && !old.contains("\"new\""))
  }
}
