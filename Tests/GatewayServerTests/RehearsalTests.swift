import AccessTokens
import Forwarding
import Foundation
import GatewayServer
import RateLimiting
import Testing

/// Mode dry-run, byte by byte.
@Suite("A call in mode dry-run") struct RehearsalTests {
  private func rig(limits: [LimitRule] = [], hasToken: Bool = true) throws -> RelayRig {
    let rig = try RelayRig(limits: limits, hasToken: hasToken)
    rig.shared.setMode(.dryRun, for: .all, at: 0, until: nil)
    rig.settle()
    return rig
  }

  private func post(_ fields: String, _ body: String = "") -> String {
    "POST /api/v2/registrations HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n\(body)"
  }

  private func document(_ answer: String) throws -> [String: Any] {
    let body = try #require(answer.range(of: "\r\n\r\n")).upperBound
    let object = try JSONSerialization.jsonObject(with: Data(answer[body...].utf8))
    return try #require(object as? [String: Any])
  }

  private func bodyLength(_ answer: String) throws -> Int? {
    let sent = try #require(try document(answer)["would_send"] as? [String: Any])
    return (sent["body"] as? [String: Any])?["length"] as? Int
  }

  @Test("that writes is answered with what would have been sent, and nothing goes upstream")
  func writes() throws {
    let rig = try rig()
    let caller = try rig.caller(
      post(
        "Content-Type: application/json\r\nContent-Length: 2\r\nAuthorization: Bearer mine\r\n"
          + "X-Scorm-App: main\r\nCookie: a=b\r\n", "{}"))
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.contains("application/json\r\n"))
    #expect(!answer.contains("Connection: close") && !answer.contains("first-token"))
    let document = try document(answer)
    #expect(document["dry_run"] as? Bool == true && document["app"] as? String == "main")
    #expect(document["operation"] as? String == "CreateRegistration")
    #expect(document["scope"] as? String == "read:everything")
    #expect((document["token"] as? [String: Any])?["state"] as? String == "usable")
    let sent = try #require(document["would_send"] as? [String: Any])
    #expect(sent["host"] as? String == "cloud.example")
    let fields = try #require(sent["fields"] as? [[String: String]])
    #expect(fields.last == ["name": "Authorization", "value": "Bearer ***"])
    #expect(fields.allSatisfy { !["Cookie", "X-Scorm-App"].contains($0["name"]) })
    #expect(try bodyLength(answer) == 2 && !rig.hasNewUpstream)
    let line = try #require(try rig.lines().first)
    #expect(line["dry_run"] as? Bool == true && line.string("termination") == "completed")
    #expect(line.int("http.request.body.size") == 2 && line["upstream"] == nil)
    #expect(line.int("http.response.status_code") == 200)
  }

  @Test("that reads passes")
  func reads() throws {
    let rig = try rig()
    let caller = try rig.caller(RelayRig.get())
    let upstream = try rig.upstream()
    #expect(upstream.take().hasPrefix("GET /api/v2/courses "))
    try rig.say(RelayRig.answer("[1]"), from: upstream)
    #expect(caller.take().hasSuffix("[1]"))
    #expect(try rig.lines().allSatisfy { $0["dry_run"] == nil })
  }

  @Test(
    "has its body read in whatever pieces it comes, and the caller's next request is served",
    arguments: [
      ("Content-Length: 5\r\n", "hello"),
      ("Transfer-Encoding: chunked\r\n", "2\r\nhe\r\n3;x=1\r\nllo\r\n0\r\nTrailer: 1\r\n\r\n"),
    ])
  func framing(fields: String, body: String) throws {
    let rig = try rig()
    let next = RelayRig.get("/api/v2/ping")
    let bytes = Array((post(fields, body) + next).utf8)
    for size in [1, 2, 3, 7, bytes.count] {
      let caller = try rig.caller()
      for start in stride(from: 0, to: bytes.count, by: size) {
        try caller.send(Array(bytes[start..<min(bytes.count, start + size)]))
        rig.settle()
      }
      let answer = caller.take()
      #expect(try bodyLength(answer) == 5)
      let upstream = try rig.upstream()
      #expect(upstream.take().hasPrefix("GET /api/v2/ping "))
      try rig.say(RelayRig.answer("{}", "Connection: close\r\n"), from: upstream)
      #expect(caller.take().hasSuffix("{}"))
    }
  }

  @Test("that waits to be told to send its body is told so")
  func expectations() throws {
    let rig = try rig()
    let caller = try rig.caller(post("Content-Length: 3\r\nExpect: 100-continue\r\n"))
    #expect(caller.take() == "HTTP/1.1 100 Continue\r\n\r\n")
    try rig.say("abc", from: caller)
    #expect(try bodyLength(caller.take()) == 3)
  }

  @Test("with a body that is longer than is read is answered at once, and its connection ends")
  func longBodies() throws {
    let rig = try rig()
    let caller = try rig.caller(
      post("Content-Length: 99999999999\r\nExpect: 100-continue\r\n"))
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 200") && answer.contains("Connection: close\r\n"))
    #expect(try bodyLength(answer) == 99_999_999_999)
  }

  @Test("with a broken body is refused")
  func brokenBodies() throws {
    let rig = try rig()
    let caller = try rig.caller(post("Transfer-Encoding: chunked\r\n", "zz\r\n"))
    #expect(caller.take().hasPrefix("HTTP/1.1 400 "))
    #expect(try rig.lines().first?.string("termination") == "caller/request-body")
  }

  @Test("whose body stops is refused in time, and one whose caller has left ends without an answer")
  func slowAndGone() throws {
    let rig = try rig()
    let slow = try rig.caller(post("Content-Length: 5\r\n", "he"))
    rig.pass(61 * RelayRig.second)
    #expect(slow.take().hasPrefix("HTTP/1.1 408 "))
    let gone = try rig.caller(post("Content-Length: 5\r\n", "he"))
    gone.endSending()
    rig.settle()
    #expect(gone.take().isEmpty && gone.hasEnded)
    #expect(try rig.lines().map { $0.string("error.type") } == ["request-timeout", "caller-gone"])
  }

  @Test(
    "takes nothing from a limit, tells of one that it would wait for, and is refused as it would be"
  )
  func limits() throws {
    let rig = try rig(limits: [
      LimitRule(
        name: "slow", per: .gateway, rate: .init(count: 1, period: 4 * RelayRig.second),
        maxWait: 5 * RelayRig.second)
    ])
    for _ in 0..<3 {
      let caller = try rig.caller(post("Content-Length: 0\r\n"))
      let document = try document(caller.take())
      #expect(document["limits"] as? [String] == ["slow"])
      #expect(document["predictedWait"] as? Double == 0)
    }
    // Reads pass and are counted.
    _ = try rig.caller(RelayRig.get())
    let waits = try document(try rig.caller(post("Content-Length: 0\r\n")).take())
    #expect(waits["predictedWait"] as? Double == 4 && waits["violated"] as? [String] == ["slow"])
    _ = try rig.caller(RelayRig.get())
    let refused = try rig.caller(post("Content-Length: 0\r\n"))
    #expect(refused.take().hasPrefix("HTTP/1.1 429 "))
  }

  @Test("does not ask for a token, and is refused where none can be had")
  func tokens() throws {
    let rig = try rig(hasToken: false)
    let caller = try rig.caller(post("Content-Length: 0\r\n"))
    let document = try document(caller.take())
    #expect((document["token"] as? [String: Any])?["state"] as? String == "fetched when needed")
    #expect(rig.desk.wishes.isEmpty)
    var failure = TokenFailure(.unreachable, detail: "unreachable")
    failure.retryAt = .max
    rig.desk.store.publish(TokenSlot(index: 0), TokenEntry(failure: failure))
    rig.wake()
    let refused = try rig.caller(post("Content-Length: 0\r\n"))
    #expect(refused.take().contains("token-unavailable"))
  }
}
