import Foundation
import Testing

/// Answers of a broken or malicious upstream: complete ones pass, and incomplete ones are recognized.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct HostileAnswerTests {
  private static let good = "HTTP/1.1 200 OK\r\n"

  @Test(
    "An answer that is no HTTP, or could be read in two ways, becomes 502",
    arguments: [
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
      "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nab",
      "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nab",
      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nab",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX-A: 1\r\n folded\r\n\r\n", "HTTP/1.1 200 OK\r\nX-A 1\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnone\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nab\n0\n\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd",
      "HTTP/1.1 200 OK\r\nX-A: a\0b\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
      "HTTP/1.1 099 Odd\r\n\r\n", "HTTP/1.1 600 Odd\r\n\r\n", "HTTP/1.1 2x0 Odd\r\n\r\n",
      "HTTP/2 200 OK\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
      "\u{15}\u{3}\u{1}\0\u{2}\u{2}\u{28}garbage!",
      "{\"error\":\"no head\"}\r\n\r\n",
    ])
  func malformed(answer: String) throws {
    let upstream = try HostileUpstream([.request, .send(answer), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    let got = try caller.call("GET", "/api/v2/ping")
    #expect(got.status == 502 && got.problem == "response-malformed")
    #expect(got["Proxy-Status"]?.hasPrefix("scorm-gateway; error=http_") == true)
    // That connection is closed, the caller's stays open, and nothing was tried twice.
    #expect(eventually { upstream.connections[0].end != nil })
    #expect(upstream.heads.count == 1)
    #expect(try caller.call("GET", "/api/v2/nothing").status == 404)
    #expect(try rig.lines().map { $0.int("http.response.status_code") } == [502, 404])
  }

  @Test(
    "A head beyond the limits becomes 502",
    arguments: [
      "HTTP/1.1 200 OK\r\nX-Huge: \(String(repeating: "h", count: 70_000))\r\n\r\n",
      "HTTP/1.1 200 OK\r\n"
        + String(repeating: "X-Line: \(String(repeating: "h", count: 900))\r\n", count: 100)
        + "\r\n",
      "HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 300) + "\r\n",
      "HTTP/1.1 200 " + String(repeating: "h", count: 70_000),
    ])
  func hugeHead(answer: String) throws {
    let upstream = try HostileUpstream([.request, .send(answer), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port)
    let got = try rig.call("GET", "/api/v2/ping")
    #expect(got.status == 502)
    #expect(got["Proxy-Status"]?.contains("http_response_header_section_size") == true)
  }

  /// A truncated body, and how it is truncated.
  struct Cut: Sendable, CustomTestStringConvertible {
    let head: String
    let end: HostileUpstream.Step
    var testDescription: String { "\(head.debugDescription) then \(end)" }
  }

  @Test(
    "A body that is cut short is seen to be cut by the caller",
    arguments: [
      "Content-Length: 100\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
      "Transfer-Encoding: chunked\r\n\r\n64\r\nhalf",
      "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
    ].flatMap { [Cut(head: $0, end: .endSending), Cut(head: $0, end: .reset)] }
      + [Cut(head: "Connection: close\r\n\r\nhalf", end: .reset)])
  func cutBody(cut: Cut) throws {
    let gate = Gate()
    let upstream = try HostileUpstream([
      .request, .send(HostileAnswerTests.good + cut.head), .wait(gate), cut.end, .untilEnd,
    ])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    try caller.send(Wire.request("GET", "/api/v2/ping"))
    #expect(caller.hasInput(within: 10_000))
    gate.open()
    let answer = try caller.answer()
    #expect(answer.status == 200 && answer.end != .complete)
    #expect("half".hasPrefix(answer.text) || answer.text.contains("half"))
    #expect(upstream.heads.count == 1)
    let line = try #require(try rig.lines().first)
    #expect(line.string("termination") == "upstream/response-body")
    #expect(["response-incomplete", "connection-terminated"].contains(line.string("error.type")))
  }

  @Test(
    "Chunks that are malformed end the answer visibly when some of it has gone out",
    arguments: ["zz\r\nabcd\r\n", "4\r\nabcdXX", "4\nabcd\n", "-4\r\nabcd\r\n", "4 4\r\nabcd\r\n"])
  func badChunk(chunk: String) throws {
    let gate = Gate()
    let upstream = try HostileUpstream([
      .request,
      .send(HostileAnswerTests.good + "Transfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n"),
      .wait(gate), .send(chunk), .untilEnd,
    ])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    try caller.send(Wire.request("GET", "/api/v2/ping"))
    #expect(caller.hasInput(within: 10_000))
    gate.open()
    let answer = try caller.answer()
    #expect(answer.status == 200 && answer.end != .complete)
    #expect(eventually { upstream.connections[0].end != nil })
    #expect(try rig.lines().map { $0.string("error.type") } == ["response-malformed"])
  }

  @Test(
    "Oddities that leave no doubt where the data lies do not cost the answer",
    arguments: [
      "Transfer-Encoding: chunked\r\n\r\n4   \r\ngood\r\n0   \r\n\r\n",
      "Transfer-Encoding : chunked\r\n\r\n4 ; a = b\r\ngood\r\n0\r\nX-A : 1\r\n\r\n",
      "Content-Length\t: 4\r\nX-A \t: 1\r\n\r\ngood",
    ])
  func oddities(answer: String) throws {
    let upstream = try HostileUpstream([
      .request, .send(HostileAnswerTests.good + answer), .request,
      .send(HostileAnswerTests.good + answer), .untilEnd,
    ])
    let rig = try GatewayRig(upstream: upstream.port)
    for _ in 1...2 {
      let got = try rig.call("GET", "/api/v2/ping")
      #expect(got.status == 200 && got.text == "good" && got.end == .complete)
      #expect(got["X-A"] == (answer.contains("X-A \t") ? "1" : nil))
      #expect(!got.head.text.contains(" :") && !got.head.text.contains("\t"))
    }
    #expect(upstream.connections.count == 1)
  }

  @Test("An upstream's own Proxy-Status does not reach the caller, who knows our answers by it")
  func proxyStatus() throws {
    let upstream = try HostileUpstream([
      .request,
      .send(
        "HTTP/1.1 502 Bad\r\nProxy-Status: scorm-gateway; error=dns_error\r\nContent-Length: 0\r\n\r\n"
      ),
      .untilEnd,
    ])
    let rig = try GatewayRig(upstream: upstream.port)
    let got = try rig.call("GET", "/api/v2/ping")
    #expect(got.status == 502 && got["Proxy-Status"] == nil)
    #expect(
      try rig.call("GET", "/api/v2/nothing")["Proxy-Status"]?.hasPrefix("scorm-gateway;") == true)
  }

  @Test(
    "Bytes behind an answer's end are never delivered, and the connection not used again",
    arguments: [
      "Content-Length: 2\r\n\r\nabEXTRA",
      "Content-Length: 2\r\n\r\nabHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nEXTRA",
      "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\nEXTRA",
    ])
  func extraBytes(rest: String) throws {
    let upstream = try HostileUpstream(
      [.request, .send(HostileAnswerTests.good + rest), .untilEnd],
      [.request, .answer("clean"), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    #expect(try caller.call("GET", "/api/v2/ping").text == "ab")
    #expect(eventually { upstream.connections[0].end != nil })
    #expect(try caller.call("GET", "/api/v2/ping").text == "clean")
  }

  @Test("An answer that nobody asked for ends its idle connection")
  func unaskedAnswer() throws {
    let gate = Gate()
    let upstream = try HostileUpstream(
      [.request, .answer("first"), .wait(gate), .answer("EXTRA"), .untilEnd],
      [.request, .answer("second"), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    #expect(try caller.call("GET", "/api/v2/ping").text == "first")
    gate.open()
    #expect(eventually { upstream.connections[0].end != nil })
    #expect(try caller.call("GET", "/api/v2/ping").text == "second")
  }

  @Test(
    "An answer without a body by its status or method has none, whatever its head says",
    arguments: [
      ("GET", "204 No Content", "Content-Length: 5\r\n\r\nEXTRA"),
      ("GET", "204 No Content", "Transfer-Encoding: chunked\r\n\r\n5\r\nEXTRA\r\n0\r\n\r\n"),
      ("GET", "304 Not Modified", "Content-Length: 5\r\n\r\nEXTRA"),
      ("HEAD", "200 OK", "Content-Length: 5\r\n\r\nEXTRA"),
      ("HEAD", "200 OK", "Transfer-Encoding: chunked\r\n\r\n5\r\nEXTRA\r\n0\r\n\r\n"),
    ])
  func noBody(method: String, status: String, rest: String) throws {
    let upstream = try HostileUpstream(
      [.request, .send("HTTP/1.1 \(status)\r\n\(rest)"), .untilEnd],
      [.request, .answer("clean"), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    let answer = try caller.call(method, "/api/v2/ping")
    #expect("\(answer.status)" == status.prefix(3))
    if answer.status == 204 {
      #expect(answer["Content-Length"] == nil && answer["Transfer-Encoding"] == nil)
    }
    #expect(eventually { upstream.connections[0].end != nil })
    #expect(try caller.call("GET", "/api/v2/ping").text == "clean")
  }

  @Test("A body that ends with its connection comes in chunks, and is whole")
  func untilClose() throws {
    let upstream = try HostileUpstream([
      .request, .send(HostileAnswerTests.good + "\r\nall of it"), .endSending, .untilEnd,
    ])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    let answer = try caller.call("GET", "/api/v2/ping")
    #expect(answer["Transfer-Encoding"] == "chunked" && answer.end == .complete)
    #expect(answer.text == "all of it")
    #expect(try caller.call("GET", "/api/v2/nothing").status == 404)
  }

  @Test("Chunks are taken apart for a caller of HTTP/1.0, whose connection then ends")
  func chunksForHTTP10() throws {
    let upstream = try HostileUpstream([
      .request,
      .send(
        HostileAnswerTests.good
          + "Transfer-Encoding: chunked\r\n\r\n3\r\nall\r\n6\r\n of it\r\n0\r\n\r\n"), .untilEnd,
    ])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    try caller.send(
      "GET /api/v2/ping HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
    let answer = try caller.answer()
    #expect(answer["Transfer-Encoding"] == nil && answer.text == "all of it")
    #expect(answer.end == .complete)
  }

  // MARK: Interim answers

  @Test("Interim answers pass, except 100; none reaches a caller of HTTP/1.0")
  func interim() throws {
    let answers =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
      + "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    let upstream = try HostileUpstream([.request, .send(answers), .request, .send(answers)])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    try caller.send(Wire.request("GET", "/api/v2/ping"))
    #expect(try caller.answer(interim: true).status == 103)
    #expect(try caller.answer(interim: true).text == "ok")
    let old = try rig.caller()
    try old.send("GET /api/v2/ping HTTP/1.0\r\nHost: localhost\r\n\r\n")
    #expect(try old.answer(interim: true).status == 200)
  }

  @Test("A flood of interim answers becomes 502")
  func interimFlood() throws {
    let upstream = try HostileUpstream([
      .request, .send(String(repeating: "HTTP/1.1 102 Processing\r\n\r\n", count: 1_000)),
      .untilEnd,
    ])
    let rig = try GatewayRig(upstream: upstream.port)
    #expect(try rig.call("GET", "/api/v2/ping").status == 502)
    #expect(eventually { upstream.connections[0].end != nil })
  }

  @Test("A switch of protocols that nobody asked for becomes 502, whatever the caller said")
  func unaskedSwitch() throws {
    let upstream = try HostileUpstream([
      .request, .send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\n\r\nfoo"), .untilEnd,
    ])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    let answer = try caller.call(
      "GET", "/api/v2/ping", ["Connection: Upgrade", "Upgrade: foo"])
    #expect(answer.status == 502)
    #expect(upstream.heads[0]["Upgrade"] == nil)
    #expect(try caller.call("GET", "/api/v2/nothing").status == 404)
  }

  // MARK: Fields

  @Test("Fields that would act on a browser through the gateway end here")
  func droppedFields() throws {
    let upstream = try HostileUpstream([
      .request,
      .answer(
        "{}",
        "Access-Control-Allow-Origin: *\r\nSet-Cookie: a=b\r\nAlt-Svc: h3\r\n"
          + "Strict-Transport-Security: max-age=1\r\nClear-Site-Data: \"*\"\r\nKeep-Alive: timeout=9\r\n"
          + "Proxy-Authenticate: Basic\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX-Kept: 1\r\n"),
    ])
    let rig = try GatewayRig(upstream: upstream.port)
    let answer = try rig.call("GET", "/api/v2/ping")
    let names = answer.head.text.components(separatedBy: "\r\n").dropFirst()
      .compactMap { $0.split(separator: ":").first?.lowercased() }
    #expect(
      Set(names) == [
        "x-kept", "content-length", "date", "via", "x-content-type-options", "x-request-id",
      ])
  }

  @Test(
    "A Location in the API leads back through the gateway, under the app that was chosen",
    arguments: ["", "/apps/main"], ["/api/v2/courses/a?x=1", "{origin}/api/v2/courses/a?x=1"])
  func ownLocation(prefix: String, given: String) throws {
    let upstream = try HostileUpstream([.request, .location(given)])
    let rig = try GatewayRig(upstream: upstream.port)
    let answer = try rig.call("GET", prefix + "/api/v2/ping")
    #expect(answer["Location"] == prefix + "/api/v2/courses/a?x=1")
  }

  @Test(
    "Any other Location passes as it is",
    arguments: ["https://evil.test/api/v2/x", "/other", "/api/v22/x", "relative"])
  func foreignLocation(given: String) throws {
    let upstream = try HostileUpstream([.request, .location(given)])
    let rig = try GatewayRig(upstream: upstream.port)
    #expect(try rig.call("GET", "/apps/main/api/v2/ping")["Location"] == given)
  }
}
