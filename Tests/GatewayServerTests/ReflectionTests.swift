import Forwarding
import Foundation
import GatewayServer
import SCORMCloudAPI
import Testing
import TrafficLog

/// An upstream that returns the gateway's credential, byte by byte.
@Suite("An answer that holds the gateway's own credential") struct ReflectionTests {
  /// The rig's token.
  private static let token = "first-token"
  private static let stars = "***********"

  private func begin(
    _ request: String = RelayRig.get(), _ change: (inout RelaySettings) -> Void = { _ in }
  ) throws -> (rig: RelayRig, caller: RawPeer, upstream: RawPeer) {
    let rig = try RelayRig(change)
    let caller = try rig.caller(request)
    let upstream = try rig.upstream()
    #expect(upstream.take().contains("Authorization: Bearer \(Self.token)\r\n"))
    return (rig, caller, upstream)
  }

  /// Relays `answer` in pieces of `size` bytes, and returns what the caller gets.
  private func relayed(
    _ answer: String, size: Int, ends: Bool = false, _ request: String = RelayRig.get()
  ) throws -> String {
    let (rig, caller, upstream) = try begin(request)
    let bytes = Array(answer.utf8)
    for start in stride(from: 0, to: bytes.count, by: size) {
      try upstream.send(Array(bytes[start..<min(bytes.count, start + size)]))
      rig.settle()
    }
    if ends {
      upstream.endSending()
      rig.settle()
    }
    return caller.take()
  }

  /// The body of an answer, with its chunks joined.
  private func body(_ answer: String) throws -> String {
    try WalkTests.Answer(answer).body
  }

  @Test("in a field of its head is masked there, and its length stays")
  func fields() throws {
    let (rig, caller, upstream) = try begin()
    try rig.say(
      RelayRig.answer(
        "{}", status: 401 + 3,
        "WWW-Authenticate: Bearer error=\"\(Self.token)\"\r\n"
          + "Location: https://cloud.example/api/v2/courses?t=\(Self.token)&u=1\r\n"
          + "X-Echo: \(Self.token)\(Self.token)\r\n"), from: upstream)
    let answer = caller.take()
    #expect(!answer.contains(Self.token))
    #expect(answer.contains("WWW-Authenticate: Bearer error=\"\(Self.stars)\"\r\n"))
    #expect(answer.contains("Location: /api/v2/courses?t=\(Self.stars)&u=1\r\n"))
    #expect(
      answer.contains("X-Echo: \(Self.stars)\(Self.stars)\r\n") && answer.hasSuffix("\r\n\r\n{}"))
  }

  @Test("in an interim answer, or in the head of an answer without a body, is masked")
  func heads() throws {
    let (rig, caller, upstream) = try begin()
    try rig.say("HTTP/1.1 103 Early Hints\r\nLink: <\(Self.token)>\r\n\r\n", from: upstream)
    #expect(caller.take().contains("Link: <\(Self.stars)>\r\n"))
    try rig.say("HTTP/1.1 304 Not Modified\r\nETag: \"\(Self.token)\"\r\n\r\n", from: upstream)
    #expect(caller.take().contains("ETag: \"\(Self.stars)\"\r\n"))
    try rig.say("HEAD /api/v2/courses HTTP/1.1\r\nHost: localhost\r\n\r\n", from: caller)
    _ = upstream.take()
    try rig.say(
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: \(Self.token)\r\n\r\n", from: upstream)
    let answer = caller.take()
    #expect(answer.contains("X-A: \(Self.stars)\r\n") && answer.hasSuffix("\r\n\r\n"))
    #expect(!rig.hasNewUpstream, "connections go on")
  }

  @Test(
    "in its body is masked, in whatever pieces that comes", arguments: [1, 2, 3, 5, 11, 40, 9999])
  func lengths(size: Int) throws {
    let text = "a\(Self.token)b first-first-token first-toke\(Self.token)"
    let expected = text.replacing(Self.token, with: Self.stars)
    let answer = try relayed(RelayRig.answer(text), size: size)
    #expect(answer.hasSuffix("\r\n\r\n\(expected)"))
    #expect(answer.contains("Content-Length: \(text.utf8.count)\r\n"))
  }

  @Test("split over chunks is masked", arguments: [1, 3, 7, 9999])
  func chunks(size: Int) throws {
    let text = "x\(Self.token)y\(Self.token) first-to"
    for width in [1, 4, 11, 13] {
      var chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      let letters = Array(text)
      for start in stride(from: 0, to: letters.count, by: width) {
        let piece = String(letters[start..<min(letters.count, start + width)])
        chunked += "\(String(piece.utf8.count, radix: 16))\r\n\(piece)\r\n"
      }
      let answer = try relayed(chunked + "0\r\n\r\n", size: size)
      #expect(try body(answer) == text.replacing(Self.token, with: Self.stars))
      #expect(answer.hasSuffix("0\r\n\r\n"))
      // A caller that does not accept chunks.
      let old = try relayed(
        chunked + "0\r\n\r\n", size: size, "GET /api/v2/courses HTTP/1.0\r\nHost: localhost\r\n\r\n"
      )
      #expect(old.hasSuffix("\r\n\r\n" + text.replacing(Self.token, with: Self.stars)))
    }
  }

  @Test("in a body that ends with its connection is masked, and its last bytes come")
  func untilClose() throws {
    for size in [1, 6, 9999] {
      let answer = try relayed(
        "HTTP/1.1 200 OK\r\n\r\n\(Self.token) first-tok", size: size, ends: true)
      #expect(try body(answer) == "\(Self.stars) first-tok")
    }
  }

  @Test("is told while it comes: only what may be the beginning of the credential is held back")
  func streams() throws {
    let (rig, caller, upstream) = try begin()
    try rig.say("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nabc first-", from: upstream)
    #expect(caller.take().hasSuffix("\r\n\r\nabc "))
    try rig.say("x", from: upstream)
    #expect(caller.take() == "first-x")
    try rig.say("first-token", from: upstream)
    #expect(caller.take() == Self.stars)
    try rig.say("first-to", from: upstream)
    #expect(caller.take() == "first-to", "the end is not waited for")
    #expect(!rig.hasNewUpstream && !caller.hasEnded)
  }

  @Test("that breaks off is cut for its caller too, without what was held back")
  func breaks() throws {
    let (rig, caller, upstream) = try begin()
    try rig.say("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nabc first-", from: upstream)
    upstream.leave()
    rig.settle()
    #expect(caller.take().hasSuffix("\r\n\r\nabc ") && caller.hasEnded)
  }

  @Test("in a page of a list is masked, and in a job's state")
  func errands() throws {
    let (rig, caller, upstream) = try begin(
      RelayRig.get("/api/v2/courses", "X-Scorm-Pages: all\r\n"))
    try rig.say(
      RelayRig.answer(
        "{\"courses\":[{\"id\":\"\(Self.token)\"}],\"more\":\"m\"}", "X-Echo: \(Self.token)\r\n"),
      from: upstream)
    _ = upstream.take()
    try rig.say(
      "HTTP/1.1 200 OK\r\nContent-Length: 34\r\n\r\n{\"courses\":[{\"id\":\"first-", from: upstream)
    try rig.say("token\"}]}", from: upstream)
    let list = caller.take()
    #expect(
      try body(list) == "{\"courses\":[{\"id\":\"\(Self.stars)\"},{\"id\":\"\(Self.stars)\"}]}")
    #expect(list.contains("X-Echo: \(Self.stars)\r\n"))
    try rig.say(
      RelayRig.get("/api/v2/courses/importJobs/j", "Prefer: wait=20\r\n"), from: caller)
    _ = upstream.take()
    try rig.say(
      RelayRig.answer("{\"jobId\":\"j\",\"status\":\"COMPLETE\",\"message\":\"\(Self.token)\"}"),
      from: upstream)
    #expect(caller.take().hasSuffix("\"message\":\"\(Self.stars)\"}"))
  }

  @Test("is masked in what is recorded of its body")
  func captures() throws {
    let operation = try #require(OperationTable.all.first { "\($0.name)" == "GetCourses" })
    let (rig, caller, upstream) = try begin {
      $0.captures = BodyCaptures([
        (operation.index, BodyCaptures.Rule(maxBytes: 1000, redaction: BodyRedaction(paths: [])))
      ])
    }
    try rig.say(
      RelayRig.answer("{\"a\":\"\(Self.token)\"}", "Content-Type: application/json\r\n"),
      from: upstream)
    #expect(caller.take().hasSuffix("{\"a\":\"\(Self.stars)\"}"))
    _ = try rig.lines()
    #expect(rig.linesSoFar.contains(Self.stars) && !rig.linesSoFar.contains(Self.token))
  }

  @Test("is masked with the token that was sent, though another has taken its place meanwhile")
  func replaced() throws {
    let (rig, caller, upstream) = try begin()
    rig.publish("second-token", generation: 2)
    try rig.say(RelayRig.answer("\(Self.token) second-token"), from: upstream)
    #expect(caller.take().hasSuffix("\(Self.stars) second-token"))
  }

  @Test("whose beginning is held back comes whole when a reload switches masking off meanwhile")
  func reloaded() throws {
    let (rig, caller, upstream) = try begin()
    try rig.say("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nfirst-", from: upstream)
    try rig.change { $0.settings.masksReflected = false }
    try rig.say("token", from: upstream)
    #expect(caller.take().hasSuffix("\r\n\r\n" + Self.stars))
  }

  @Test("passes as it is where the configuration says so")
  func off() throws {
    let (rig, caller, upstream) = try begin { $0.masksReflected = false }
    try rig.say(RelayRig.answer(Self.token, "X-Echo: \(Self.token)\r\n"), from: upstream)
    let answer = caller.take()
    #expect(answer.hasSuffix(Self.token) && answer.contains("X-Echo: \(Self.token)\r\n"))
  }
}
