import Foundation
import GatewayServer
import System
import Testing

/// Upstreams that answer early, late, never, or on closed connections.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct HostileTimingTests {
  // MARK: Early answers

  @Test(
    "A caller that is still uploading sees the upstream's early refusal, and its connection ends",
    arguments: [true, false])
  func earlyRefusal(hasReset: Bool) throws {
    let refusal = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\n\r\ntoo much"
    let upstream = try HostileUpstream(
      hasReset
        ? [.head, .send(refusal), .reset] : [.head, .send(refusal), .untilEnd],
      [.request, .answer("clean"), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    try caller.send(
      Wire.request("POST", "/api/v2/courses/importJobs/upload", ["Content-Length: 100000000"]))
    let sender = Sending(caller, [UInt8](repeating: 0x78, count: 32 << 20))
    let answer = try caller.answer()
    #expect(answer.status == 413 && answer.text == "too much")
    #expect(answer["Connection"] == "close")
    sender.wait()
    #expect(sender.sent == 32 << 20, "what it still sends is taken")
    #expect(try rig.call("GET", "/api/v2/ping").text == "clean")
    let line = try #require(try rig.lines().first)
    #expect(line.int("http.response.status_code") == 413)
  }

  @Test("After an early answer on a connection that stays, neither connection is used again")
  func earlyAnswer() throws {
    let upstream = try HostileUpstream(
      [.head, .answer("early"), .untilEnd], [.request, .answer("clean"), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port) { $0.collectedBody = 0 }
    let caller = try rig.caller()
    try caller.send(
      Wire.request("POST", "/api/v2/registrations", ["Content-Length: 48"]))
    #expect(try caller.answer().text == "early")
    // What follows would have been the body, and is not a request.
    try? caller.send("GET /api/v2/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(caller.takeAll().bytes.isEmpty)
    #expect(eventually { upstream.connections[0].end == .reset })
    #expect(try rig.call("GET", "/api/v2/ping").text == "clean")
    #expect(upstream.connections.count == 2)
    #expect(try rig.lines().count == 2)
  }

  // MARK: Closed connections

  @Test("A GET on a kept connection that ends without an answer is made once more, unseen")
  func staleConnection() throws {
    let upstream = try HostileUpstream(
      [.request, .answer(), .request, .reset], [.request, .answer("again"), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    #expect(try caller.call("GET", "/api/v2/ping").status == 200)
    #expect(try caller.call("GET", "/api/v2/ping").text == "again")
    let line = try #require(try rig.lines().last)
    #expect(line.attempts.map { $0.int("status") } == [0, 200])
    #expect(line.attempts.first?["retry"] != nil)
  }

  @Test("A DELETE with a short body on a kept connection that ends is made once more, body and all")
  func staleConnectionForDelete() throws {
    let upstream = try HostileUpstream(
      [.request, .answer(), .request, .reset], [.request, .answer("again"), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    #expect(try caller.call("GET", "/api/v2/ping").status == 200)
    #expect(try caller.call("DELETE", "/api/v2/courses/c", body: "{}").text == "again")
    #expect(upstream.connections[1].text.hasSuffix("\r\n\r\n{}"))
  }

  @Test("A POST that a kept connection may have taken is never made twice")
  func staleConnectionForPost() throws {
    let upstream = try HostileUpstream(
      [.request, .answer(), .request, .reset], [.request, .answer("again"), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    #expect(try caller.call("GET", "/api/v2/ping").status == 200)
    let answer = try caller.call("POST", "/api/v2/registrations", body: "{}")
    #expect(answer.status == 502 && answer.problem == "connection-terminated")
    #expect(upstream.connections.count == 1)
    #expect(upstream.heads.filter { $0.startLine.hasPrefix("POST") }.count == 1)
  }

  @Test("A GET is not made twice when a fresh connection ends without an answer")
  func noAnswer() throws {
    let upstream = try HostileUpstream([.request, .endSending, .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port)
    let answer = try rig.call("GET", "/api/v2/ping")
    #expect(answer.status == 502 && answer.problem == "connection-terminated")
    #expect(answer["Proxy-Status"] == "scorm-gateway; error=connection_terminated")
    #expect(upstream.connections.count == 1)
  }

  @Test("A retry keeps to the limit of connections")
  func retryWithinLimit() throws {
    let upstream = try HostileUpstream(
      [.request, .answer(), .request, .reset], [.request, .answer("again"), .request, .answer("b")])
    let rig = try GatewayRig(upstream: upstream.port, ["upstream.maxConnections": "1"])
    let first = try rig.caller()
    let second = try rig.caller()
    #expect(try first.call("GET", "/api/v2/ping").status == 200)
    try first.send(Wire.request("GET", "/api/v2/ping"))
    try second.send(Wire.request("GET", "/api/v2/ping"))
    #expect(Set([try first.answer().text, try second.answer().text]) == ["again", "b"])
    #expect(upstream.connections.count == 2)
  }

  @Test("An idle connection that the upstream closes is noticed, and not used")
  func closedWhileIdle() throws {
    let upstream = try HostileUpstream(
      [.request, .answer(), .endSending, .untilEnd], [.request, .answer("again"), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    #expect(try caller.call("GET", "/api/v2/ping").status == 200)
    #expect(eventually { upstream.connections[0].end != nil })
    #expect(try caller.call("POST", "/api/v2/registrations", body: "{}").text == "again")
    #expect(try rig.lines().last?.attempts.count == 1)
  }

  // MARK: Slow upstreams

  @Test("No answer in time becomes 504", arguments: ["", "HTTP/1.1 200 OK\r\nContent-Le"])
  func noAnswerInTime(beginning: String) throws {
    let upstream = try HostileUpstream([.request, .send(beginning), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port, ["upstream.responseTimeout": "100ms"])
    let caller = try rig.caller()
    let answer = try caller.call("GET", "/api/v2/ping")
    #expect(answer.status == 504 && answer.problem == "response-timeout")
    #expect(answer["Proxy-Status"] == "scorm-gateway; error=http_response_timeout")
    #expect(eventually { upstream.connections[0].end != nil })
    #expect(try caller.call("GET", "/api/v2/nothing").status == 404)
    let line = try #require(try rig.lines().first)
    #expect(line.string("termination") == "upstream/response-head")
    #expect(line.double("duration") >= 0.1)
  }

  @Test("A body that stops moving is cut; one that moves slowly is not")
  func slowBody() throws {
    let gates = (0..<5).map { _ in Gate() }
    let upstream = try HostileUpstream(
      [.request, .send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n")]
        + gates.flatMap { [.wait($0), .send("x")] },
      [.request, .send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx"), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port, ["upstream.idleTimeout": "60s"])
    let moving = try rig.caller()
    try moving.send(Wire.request("GET", "/api/v2/ping"))
    #expect(try moving.take(through: "\r\n\r\n").hasPrefix("HTTP/1.1 200 "))
    // Longer than the idle timeout in total, but each pause is shorter.
    for gate in gates {
      rig.clock.turn(by: 40_000_000_000)
      gate.open()
      #expect(try moving.take(1) == [UInt8(ascii: "x")])
    }
    let stopped = try rig.caller()
    try stopped.send(Wire.request("GET", "/api/v2/ping", ["Connection: close"]))
    #expect(stopped.hasInput(within: 10_000))
    rig.clock.turn(by: 61_000_000_000)
    let answer = try stopped.answer()
    #expect(answer.end == .cut(.reset))
    #expect(try rig.lines().map { $0.string("error.type") } == ["", "response-timeout"])
  }

  @Test("An upstream that stops reading an upload is to blame for the delay: 504")
  func upstreamStopsReading() throws {
    let gate = Gate()
    let upstream = try HostileUpstream([.head, .wait(gate)])
    let rig = try GatewayRig(upstream: upstream.port, ["upstream.idleTimeout": "1s"])
    let caller = try rig.caller()
    let upload = [UInt8](repeating: 0x78, count: 64 << 20)
    try caller.send(
      Wire.request("POST", "/api/v2/courses/importJobs/upload", ["Content-Length: 100000000"]))
    let sender = Sending(caller, upload)
    let answer = try caller.answer()
    gate.open()
    #expect(answer.status == 504)
    #expect(answer.problem == "response-timeout")
    sender.wait()
    #expect(try rig.lines().map { $0.string("termination") } == ["upstream/request-body"])
  }

  @Test("A caller that stops reading its answer is cut off, and the upstream's connection with it")
  func callerStopsReading() throws {
    let size = 48 << 20
    let upstream = try HostileUpstream([
      .request, .send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"), .bytes(size),
      .untilEnd,
    ])
    let rig = try GatewayRig(upstream: upstream.port, ["upstream.idleTimeout": "200ms"])
    let caller = try rig.caller(receiveBuffer: 16 << 10)
    try caller.send(Wire.request("GET", "/api/v2/courses/c/zip"))
    #expect(eventually { upstream.connections.first?.end != nil })
    #expect(try caller.answer().end == .cut(.reset))
    #expect(try rig.lines().map { $0.string("error.type") } == ["caller-too-slow"])
  }
}
