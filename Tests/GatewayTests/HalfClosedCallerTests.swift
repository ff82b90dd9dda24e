import Foundation
import GatewayServer
import Testing

/// Callers that shut down their sending direction after a complete request and keep reading.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct HalfClosedCallerTests {
  private static let post = Wire.request("POST", "/api/v2/registrations", body: "{}")
  /// More than is read before an upstream connection is available. The rest stays in the kernel while the call waits.
  private static let long = Wire.request(
    "POST", "/api/v2/registrations", body: String(repeating: "x", count: 150_000))
  private static let get = Wire.request("GET", "/api/v2/courses")

  /// Sends a request and then its end. `waits` says whether the call is waiting.
  private func halfClosed(
    _ rig: GatewayRig, _ request: String, waits: () throws -> Bool
  ) throws -> Wire {
    let caller = try rig.caller()
    try caller.send(request)
    caller.endSending()
    #expect(try eventually { try waits() })
    return caller
  }

  private func expectAnswer(_ caller: Wire, _ status: Int = 200) throws {
    #expect(try caller.answer().status == status)
    #expect(caller.takeAll().end == .closed)
  }

  @Test("It is answered when its turn at a limit has come", arguments: [get, post, long])
  func limit(request: String) throws {
    let gate = Gate()
    let upstream = try LimitsUpstream { $0 == 0 ? .after(gate) : .ok }
    defer { upstream.stop() }
    let rig = try GatewayRig(
      limits: "{name: one, concurrency: 1, maxWait: 5m, maxQueue: 9}", upstream: upstream)
    let first = try rig.caller()
    try first.send(HalfClosedCallerTests.get)
    #expect(eventually { upstream.records.count == 1 })
    let waiting = try halfClosed(rig, request) { try rig.waiting("one") == 1 }
    gate.open()
    #expect(try first.answer().status == 200)
    try expectAnswer(waiting)
    #expect(try rig.lines().map { $0.string("termination") } == ["completed", "completed"])
  }

  @Test("It is answered when the token is there")
  func token() throws {
    let gate = Gate()
    let grant = #"{"access_token":"CANARY","token_type":"bearer","expires_in":900}"#
    let endpoint = try HostileUpstream([.request, .wait(gate), .answer(grant), .untilEnd])
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try GatewayRig(
      upstream: upstream.port, ["tokens.url": "http://127.0.0.1:\(endpoint.port)/token"]
    ) { $0.tokenTimeout = 60_000_000_000 }
    let waiting = try halfClosed(rig, HalfClosedCallerTests.post) {
      try rig.metric("scorm_gateway_exchanges_in_flight") == 1
    }
    gate.open()
    try expectAnswer(waiting)
  }

  @Test("It is answered when there is no token to be had")
  func noToken() throws {
    let gate = Gate()
    let endpoint = try HostileUpstream([
      .request, .wait(gate),
      .send("HTTP/1.1 401 No\r\nContent-Length: 26\r\n\r\n{\"error\":\"invalid_client\"}"),
      .untilEnd,
    ])
    let rig = try GatewayRig(["tokens.url": "http://127.0.0.1:\(endpoint.port)/token"]) {
      $0.tokenTimeout = 60_000_000_000
    }
    let waiting = try halfClosed(rig, HalfClosedCallerTests.post) {
      try rig.metric("scorm_gateway_exchanges_in_flight") == 1
    }
    gate.open()
    let answer = try waiting.answer()
    #expect(answer.problem == "credential-refused")
    #expect(waiting.takeAll().end == .closed)
  }

  @Test("It is answered when a connection comes free")
  func connection() throws {
    let gate = Gate()
    let upstream = try LimitsUpstream { $0 == 0 ? .after(gate) : .ok }
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port, ["upstream.maxConnections": "1"]) {
      $0.connectTimeout = 60_000_000_000
    }
    let first = try rig.caller()
    try first.send(HalfClosedCallerTests.get)
    #expect(eventually { upstream.records.count == 1 })
    let waiting = try halfClosed(rig, HalfClosedCallerTests.post) {
      try rig.metric("scorm_gateway_exchanges_in_flight") == 2
    }
    gate.open()
    #expect(try first.answer().status == 200)
    try expectAnswer(waiting)
  }

  @Test("One that is gone altogether does not keep its place in the line for a connection")
  func gone() throws {
    let gate = Gate()
    let upstream = try LimitsUpstream { $0 == 0 ? .after(gate) : .ok }
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port, ["upstream.maxConnections": "1"]) {
      $0.connectTimeout = 60_000_000_000
    }
    let first = try rig.caller()
    try first.send(HalfClosedCallerTests.get)
    #expect(eventually { upstream.records.count == 1 })
    let waiting = try rig.caller()
    try waiting.send(HalfClosedCallerTests.post)
    #expect(try eventually { try rig.metric("scorm_gateway_exchanges_in_flight") == 2 })
    waiting.close()
    #expect(try eventually { try rig.metric("scorm_gateway_exchanges_in_flight") == 1 })
    gate.open()
    #expect(try first.answer().status == 200)
    #expect(upstream.records.count == 1)
    #expect(try rig.lines().first?.string("termination") == "caller/connect")
  }

  @Test("It is answered when the upstream answers, and all of a long answer is its")
  func answer() throws {
    let size = 8 << 20
    let gate = Gate()
    let upstream = try HostileUpstream([
      .request, .wait(gate), .send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"),
      .bytes(size), .untilEnd,
    ])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller(receiveBuffer: 4 << 10)
    try caller.send(HalfClosedCallerTests.post)
    caller.endSending()
    #expect(eventually { !upstream.heads.isEmpty })
    gate.open()
    #expect(try caller.answer().body.count == size)
    #expect(caller.takeAll().end == .closed)
  }

  @Test("Everything that it sent ahead is answered, bodies too, but for what is incomplete")
  func sentAhead() throws {
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    let post = HalfClosedCallerTests.post
    try caller.send(
      HalfClosedCallerTests.get + post + HalfClosedCallerTests.get + post
        + Wire.request("POST", "/api/v2/registrations", ["Content-Length: 5"]) + "{}")
    caller.endSending()
    for _ in 1...4 { #expect(try caller.answer().status == 200) }
    let rest = caller.takeAll()
    #expect(rest.bytes.isEmpty && rest.end == .closed)
  }
}
