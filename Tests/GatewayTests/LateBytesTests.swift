import Foundation
import System
import Testing

/// Bytes of an upstream that arrive when nothing, or something else, is expected.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct LateBytesTests {
  @Test(
    "A body that must not come, and comes late, is nobody's answer: the connection is not used again",
    arguments: [
      ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n"),
      ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
      ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 64\r\n\r\n"),
      ("GET", "HTTP/1.1 204 No Content\r\nContent-Length: 64\r\n\r\n"),
    ])
  func absentBody(method: String, answer: String) throws {
    let late = Gate()
    let upstream = try HostileUpstream(
      [.request, .send(answer), .wait(late), .answer("POISON"), .untilEnd],
      [.request, .answer("clean"), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    #expect(try caller.call(method, "/api/v2/ping").status < 400)
    // If it were sent before the late bytes arrive, it would take them for its answer.
    try caller.send(Wire.request("GET", "/api/v2/ping"))
    #expect(eventually { upstream.connections.count == 2 })
    late.open()
    #expect(try caller.answer().text == "clean")
  }

  @Test("An answer to HEAD that tells of no body leaves its connection in use")
  func noBody() throws {
    let upstream = try HostileUpstream([
      .request, .send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), .request, .answer("again"),
      .untilEnd,
    ])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    #expect(try caller.call("HEAD", "/api/v2/ping").status == 200)
    #expect(try caller.call("GET", "/api/v2/ping").text == "again")
    #expect(upstream.connections.count == 1)
  }

  @Test("A request that got an interim answer is not made again: the upstream has seen it")
  func interimThenEnd() throws {
    let upstream = try HostileUpstream(
      [.request, .answer(), .request, .send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")],
      [.request, .answer("again"), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    #expect(try caller.call("GET", "/api/v2/ping").status == 200)
    try caller.send(Wire.request("GET", "/api/v2/ping"))
    #expect(try caller.answer(interim: true).status == 103)
    #expect(try caller.answer().status == 502)
    #expect(upstream.connections.count == 1)
  }

  @Test("A request that is made again with a fresh token brings its hints once")
  func hintsOnce() throws {
    let hint = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    let refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
    let upstream = try HostileUpstream(
      [.request, .send(hint), .send(refusal), .untilEnd],
      [.request, .send(hint), .answer("again"), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    try caller.send(Wire.request("GET", "/api/v2/ping"))
    #expect(try caller.answer(interim: true).status == 103)
    let answer = try caller.answer(interim: true)
    #expect(answer.status == 200 && answer.text == "again")
  }

  @Test("An answer's head that breaks off is a failure of the head, not of the body")
  func brokenHead() throws {
    let upstream = try HostileUpstream([.request, .send("HTTP/1.1 200 OK\r\nContent-Le")])
    let rig = try GatewayRig(upstream: upstream.port)
    #expect(try rig.call("GET", "/api/v2/ping").problem == "response-incomplete")
    #expect(try rig.lines().first?.string("termination") == "upstream/response-head")
  }
}
