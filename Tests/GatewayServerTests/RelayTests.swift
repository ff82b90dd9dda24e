import GatewayServer
import Testing

/// What a relay sends and receives, byte by byte.
@Suite struct RelayTests {
  @Test("A request goes upstream byte by byte but for what a gateway owes, and so does its answer")
  func forwarding() throws {
    let rig = try RelayRig()
    let caller = try rig.caller(
      "POST /api/v2/registrations?x=%41&y HTTP/1.1\r\nHost: localhost\r\nX-Own:  a b\r\n"
        + "Accept: */*\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n"
        + "{\"id\":\"\u{e4}\"}\n")
    let upstream = try rig.upstream()
    let sent = upstream.take()
    let id = try requestID(in: sent)
    #expect(
      sent == "POST /api/v2/registrations?x=%41&y HTTP/1.1\r\nHost: cloud.example\r\n"
        + "X-Own:  a b\r\nAccept: */*\r\nContent-Type: application/json\r\nContent-Length: 12\r\n"
        + "Via: 1.1 scorm-gateway-00000000\r\nX-Request-Id: \(id)\r\n"
        + "Authorization: Bearer first-token\r\n\r\n{\"id\":\"\u{e4}\"}\n")
    try rig.say(
      "HTTP/1.1 201 Made\r\nETag: \"e\"\r\nContent-Length: 3\r\n\r\na\u{0}b", from: upstream)
    #expect(
      caller.take() == "HTTP/1.1 201 Made\r\nETag: \"e\"\r\nContent-Length: 3\r\n"
        + "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nVia: 1.1 scorm-gateway-00000000\r\n"
        + "X-Content-Type-Options: nosniff\r\nX-Request-Id: \(id)\r\n\r\na\u{0}b")
    #expect(!caller.hasEnded && !upstream.hasEnded, "both connections are kept")
  }

  private func requestID(in head: String) throws -> Substring {
    let line = try #require(head.split(separator: "\r\n").first { $0.hasPrefix("X-Request-Id: ") })
    return line.dropFirst("X-Request-Id: ".count)
  }

  @Test("However a request is cut into pieces, the upstream gets the same one")
  func pieces() throws {
    let request = RelayRig.get("/api/v2/courses", "X-Own: a\r\n")
    let rig = try RelayRig()
    let caller = try rig.caller()
    for byte in request.utf8 { try rig.say(String(UnicodeScalar(byte)), from: caller) }
    let upstream = try rig.upstream()
    #expect(
      upstream.take().hasPrefix("GET /api/v2/courses HTTP/1.1\r\nHost: cloud.example\r\nX-Own: a"))
    for byte in RelayRig.answer("{}").utf8 {
      try rig.say(String(UnicodeScalar(byte)), from: upstream)
    }
    #expect(caller.take().hasSuffix("\r\n\r\n{}"))
  }

  @Test("Requests that a caller sends in a row are answered in their order, over one connection")
  func pipelining() throws {
    let rig = try RelayRig()
    let caller = try rig.caller(RelayRig.get("/api/v2/courses") + RelayRig.get("/api/v2/ping"))
    let upstream = try rig.upstream()
    #expect(upstream.take().hasPrefix("GET /api/v2/courses "))
    #expect(caller.take().isEmpty)
    try rig.say(RelayRig.answer("1"), from: upstream)
    #expect(upstream.take().hasPrefix("GET /api/v2/ping "))
    try rig.say(RelayRig.answer("2"), from: upstream)
    let answers = caller.take()
    #expect(answers.contains("\r\n\r\n1HTTP/1.1 ") && answers.hasSuffix("\r\n\r\n2"))
    #expect(!rig.hasNewUpstream)
  }

  @Test("A 401 has the request sent once more with a fresh token, and the caller sees one answer")
  func replay() throws {
    let rig = try RelayRig()
    let caller = try rig.caller(RelayRig.get())
    let upstream = try rig.upstream()
    #expect(upstream.take().contains("\r\nAuthorization: Bearer first-token\r\n"))
    try rig.say(RelayRig.answer(status: 401), from: upstream)
    #expect(caller.take().isEmpty)
    #expect(rig.desk.wishes.contains(.rejected(generation: 1)))
    rig.publish("second-token", generation: 2)
    let replay = rig.nextUpstream ?? upstream
    let again = replay.take()
    #expect(again.hasPrefix("GET /api/v2/courses "))
    #expect(again.contains("\r\nAuthorization: Bearer second-token\r\n"))
    try rig.say(RelayRig.answer("{\"good\":1}"), from: replay)
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.hasSuffix("{\"good\":1}"))
    #expect(try rig.lines().count == 1)
  }

  @Test("The second token refused as well, the caller is told and no third one is tried")
  func noSecondReplay() throws {
    let rig = try RelayRig()
    let caller = try rig.caller(RelayRig.get())
    let first = try rig.upstream()
    try rig.say(RelayRig.answer(status: 401), from: first)
    rig.publish("second-token", generation: 2)
    let second = rig.nextUpstream ?? first
    try rig.say(RelayRig.answer(status: 401), from: second)
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 502 ") && answer.contains("upstream-refused-credential"))
    rig.publish("third-token", generation: 3)
    #expect(
      !rig.hasNewUpstream && !first.take().contains("third") && !second.take().contains("third"))
  }
}
