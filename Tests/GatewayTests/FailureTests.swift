import EventLoop
import Foundation
import Gateway
import GatewayServer
import System
import Testing

/// Unreachable upstreams, callers that leave or are slow, and the gateway's shutdown.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct FailureTests {
  @Test("An upstream that refuses connections answers 502, says which, and may be tried again")
  func refusedConnection() throws {
    let port = try DeafPort()
    let rig = try GatewayRig(upstream: port.number)
    let caller = try rig.caller()
    for _ in 0..<2 {
      let answer = try caller.call("GET", "/api/v2/ping")
      #expect(answer.status == 502 && answer.problem == "connection-refused")
      #expect(answer["Proxy-Status"] == "scorm-gateway; error=connection_refused")
      #expect(answer.json["retriable"] as? Bool == true)
      #expect(answer.json["instance"] as? String == answer["X-Request-Id"])
    }
    let line = try #require(try rig.lines().last)
    #expect(line.string("termination") == "upstream/connect")
    #expect(line.attempts.count == 1 && line.attempts[0].int("status") == 0)
  }

  @Test("More exchanges than upstream connections wait for their turn")
  func connectionLimit() throws {
    let upstream = try HostileUpstream(
      Array(repeating: [HostileUpstream.Step.request, .answer()], count: 20).flatMap { $0 })
    let rig = try GatewayRig(upstream: upstream.port, ["upstream.maxConnections": "1"])
    let callers = try (0..<20).map { _ in try rig.caller() }
    for caller in callers { try caller.send(Wire.request("GET", "/api/v2/ping")) }
    for caller in callers { #expect(try caller.answer().status == 200) }
    #expect(upstream.connections.count == 1)
  }

  @Test("An exchange that gets no upstream connection in time answers 503")
  func connectionWait() throws {
    let upstream = try HostileUpstream([.request, .untilEnd])
    let rig = try GatewayRig(
      upstream: upstream.port,
      ["upstream.maxConnections": "1", "upstream.connectTimeout": "300ms"])
    let first = try rig.caller()
    try first.send(Wire.request("GET", "/api/v2/ping"))
    #expect(eventually { !upstream.heads.isEmpty })
    let answer = try rig.call("GET", "/api/v2/ping")
    #expect(answer.status == 503 && answer.problem == "connection-limit")
    #expect(answer["Retry-After"] == "1")
    first.reset()
    // The connection of the caller that left is free again.
    #expect(eventually { upstream.connections.first?.end != nil })
    let line = try #require(try rig.lines().first { $0.int("http.response.status_code") == 503 })
    #expect(line.double("queue_wait") >= 0.3)
  }

  @Test(
    "A caller who is reset in the middle of anything ends its exchange and nothing else",
    arguments: ["POST /api/v2/registrations", "GET /api/v2/ping"])
  func callerReset(request: String) throws {
    let upstream = try HostileUpstream([.head, .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port) { $0.collectedBody = 0 }
    let caller = try rig.caller()
    let isPost = request.hasPrefix("POST")
    try caller.send(
      "\(request) HTTP/1.1\r\nHost: localhost\r\n"
        + (isPost ? "Content-Length: 100\r\n\r\nsome" : "\r\n"))
    #expect(eventually { !upstream.heads.isEmpty })
    caller.reset()
    // An incomplete request ends with a reset upstream too.
    #expect(eventually { upstream.connections[0].end != nil })
    #expect(upstream.connections[0].end == (isPost ? .reset : .closed))
    #expect(try rig.call("GET", "/api/v2/nothing").status == 404)
    let line = try #require(try rig.lines().first)
    #expect(line.string("error.type") == "caller-gone")
    #expect(
      line.string("termination") == (isPost ? "caller/request-body" : "caller/response-head"))
  }

  @Test("A caller who ends in the middle of its upload does not make it look whole upstream")
  func callerEndsUpload() throws {
    let upstream = try HostileUpstream([.head, .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port) { $0.collectedBody = 0 }
    let caller = try rig.caller()
    try caller.send(
      Wire.request("POST", "/api/v2/registrations", ["Transfer-Encoding: chunked"])
        + "4\r\nsome\r\n")
    #expect(eventually { !upstream.heads.isEmpty })
    caller.endSending()
    #expect(eventually { upstream.connections[0].end == .reset })
    #expect(!upstream.connections[0].text.contains("\r\n0\r\n"))
    #expect(try rig.lines().map { $0.string("termination") } == ["caller/request-body"])
  }

  @Test(
    "Callers who send a short body slowly hold up nobody: the upstream is asked when it is there")
  func slowShortBodies() throws {
    let upstream = try HostileUpstream([.request, .answer("served"), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port, ["upstream.maxConnections": "1"])
    let slow = try (0..<20).map { _ in try rig.caller() }
    for caller in slow {
      try caller.send(
        Wire.request("POST", "/api/v2/registrations", ["Content-Length: 100"]) + "some")
    }
    #expect(try rig.call("GET", "/api/v2/ping").text == "served")
    #expect(upstream.connections.count == 1)
  }

  @Test("A head that does not arrive in time answers 408; others are served meanwhile")
  func slowHead() throws {
    let rig = try GatewayRig { $0.headTimeout = 200_000_000 }
    let slow = try (0..<50).map { _ in try rig.caller() }
    for caller in slow { try caller.send("GET /api/v2/ping HTTP/1.1\r\nHost: loc") }
    #expect(try rig.call("GET", "/api/v2/ping").status == 200)
    for caller in slow {
      let answer = try caller.answer()
      #expect(answer.status == 408 && answer["Connection"] == "close")
    }
    let statuses = try rig.lines().map { $0.int("http.response.status_code") }
    #expect(statuses.filter { $0 == 408 }.count == 50 && statuses.count == 51)
  }

  @Test("A body that stops arriving answers 408, and is not the upstream's fault")
  func slowBody() throws {
    let upstream = try HostileUpstream([.head, .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port, ["upstream.idleTimeout": "100ms"]) {
      $0.collectedBody = 0
    }
    let caller = try rig.caller()
    try caller.send(
      Wire.request("POST", "/api/v2/registrations", ["Content-Length: 100"]) + "some")
    #expect(try caller.answer().status == 408)
    #expect(eventually { upstream.connections[0].end == .reset })
    #expect(try rig.lines().map { $0.string("termination") } == ["caller/request-body"])
  }

  @Test("A connection that asks for nothing is closed without a word")
  func idleCaller() throws {
    let rig = try GatewayRig { $0.keepAliveTimeout = 100_000_000 }
    let caller = try rig.caller()
    #expect(try caller.call("GET", "/api/v2/ping").status == 200)
    let (bytes, end) = caller.takeAll()
    #expect(bytes.isEmpty && end == .closed)
  }

  @Test("Answers that nobody reads stop the reading of further requests")
  func unreadAnswers() throws {
    let rig = try GatewayRig { $0.highWater = 16 << 10 }
    let caller = try rig.caller(receiveBuffer: 4 << 10)
    let request = Wire.request("DELETE", "/api/v2/ping")
    let count = 300_000
    let sender = Sending(caller, Array(String(repeating: request, count: count).utf8))
    #expect(eventually { sender.isStuck })
    #expect(sender.sent < request.utf8.count * count)
    caller.endSending()
    sender.wait()
  }

  @Test("An answer's end waits for a slow reader although its connection is to close")
  func slowReaderOfLastAnswer() throws {
    let size = 3 << 20
    let upstream = try HostileUpstream([
      .request, .send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"), .bytes(size),
      .untilEnd,
    ])
    let rig = try GatewayRig(upstream: upstream.port) { $0.highWater = 8 << 20 }
    let caller = try rig.caller(receiveBuffer: 16 << 10)
    try caller.send(Wire.request("GET", "/api/v2/courses/c/zip", ["Connection: close"]))
    #expect(eventually { rig.log.contains("completed") })
    // Longer than a finished connection lingers. The loop has noticed once another call is answered.
    rig.clock.turn(by: 1_300_000_000)
    #expect(try rig.call("GET", "/api/v2/nothing").status == 404)
    let answer = try caller.answer()
    #expect(answer.end == .complete && answer.body.count == size)
  }

  // MARK: Shutdown

  @Test("Draining finishes what is under way, says so, and accepts nothing more")
  func draining() throws {
    let gate = Gate()
    let upstream = try HostileUpstream(
      [.request, .wait(gate), .answer(), .untilEnd],
      [
        .request, .send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab"), .wait(gate),
        .send("cd"), .untilEnd,
      ])
    let rig = try GatewayRig(upstream: upstream.port)
    let idle = try rig.caller()
    let waiting = try rig.caller()
    try waiting.send(Wire.request("GET", "/api/v2/ping"))
    #expect(eventually { upstream.heads.count == 1 })
    let reading = try rig.caller()
    try reading.send(Wire.request("GET", "/api/v2/ping"))
    #expect(reading.hasInput(within: 10_000))
    rig.gateway.beginDraining()
    #expect(idle.takeAll().end == .closed)
    #expect(eventually { (try? rig.caller()) == nil })
    #expect(!rig.gateway.hasEnded)
    gate.open()
    let answer = try waiting.answer()
    #expect(answer.status == 200 && answer["Connection"] == "close")
    #expect(try reading.answer().text == "abcd")
    #expect(waiting.takeAll().end == .closed && reading.takeAll().end == .closed)
    #expect(eventually { rig.gateway.hasEnded })
    #expect(try rig.lines().map { $0.string("termination") } == ["completed", "completed"])
  }

  @Test("What is under way when draining takes too long is cut visibly, and logged")
  func drainTimeout() throws {
    let upstream = try HostileUpstream([
      .request, .send("HTTP/1.1 200 OK\r\n\r\nhalf"), .untilEnd,
    ])
    let rig = try GatewayRig(upstream: upstream.port) { $0.drainTimeout = 100_000_000 }
    let caller = try rig.caller()
    try caller.send("GET /api/v2/ping HTTP/1.0\r\nHost: localhost\r\n\r\n")
    #expect(caller.hasInput(within: 10_000))
    rig.gateway.beginDraining()
    #expect(eventually { rig.gateway.hasEnded })
    #expect(try caller.answer().end == .cut(.reset))
    let line = try #require(try rig.lines().first)
    #expect(line.string("termination") == "gateway/response-body")
    #expect(line.string("error.type") == "draining")
  }

  @Test("A gateway that cannot have its admin address leaves nothing running")
  func takenAdminPort() throws {
    let rig = try GatewayRig()
    let taken = try #require(rig.gateway.adminAddress)
    let path = NSTemporaryDirectory() + "gateway-\(UUID().uuidString.prefix(8)).sock"
    #expect(throws: StartError.self) {
      try GatewayRig(["listen.address": "unix:\(path)", "admin.address": "\(taken)"])
    }
    // The socket's file is removed with its listener.
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}
