import Configuration
import Foundation
import Gateway
import HTTPMessages
import Memory
import SCORMCloudAPI
import System
import Testing
import TrafficJournal
import TrafficLog

@testable import GatewayServer

/// Bodies in the traffic log, if the configuration asks for them.
@Suite("Recorded bodies", .ownThread, .timeLimit(.minutes(5)))
struct CaptureTests {
  static let yaml = """
    apps: [{name: main, id: {env: SCORM_APP_ID}, secret: {env: SCORM_SECRET_KEY}}]
    policy: {sensitiveOperations: forward}
    traffic:
      capture:
        - {operation: PutCourseTags, maxBytes: 64KiB, redact: ["$.tags[*].id"]}
        - {operation: GetCourse, maxBytes: 100}
        - {operation: GetCourses, maxBytes: 64KiB}
    """

  private static let request = "http.request.body.content"
  private static let response = "http.response.body.content"

  private func rig(_ script: [HostileUpstream.Step]...) throws -> (GatewayRig, HostileUpstream) {
    // Each call uses a new connection, so that scripts and calls match.
    let all = script.flatMap { $0 }
    let upstream = try HostileUpstream(all)
    return (try GatewayRig(upstream: upstream.port, yaml: CaptureTests.yaml), upstream)
  }

  private func answer(_ body: String, _ fields: String = "", status: String = "200 OK") -> String {
    "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
  }

  /// The members of the line that concern bodies.
  private func bodies(_ line: [String: Any]) -> [String: String] {
    line.filter { $0.key.contains("body.content") || $0.key.contains("body.omitted") }
      .compactMapValues { $0 as? String }
  }

  @Test(
    "both bodies of a named operation stand in its line, framing removed, hidden values out",
    arguments: [false, true])
  func bothBodies(isChunked: Bool) throws {
    let (rig, upstream) = try rig([
      .request,
      .send(
        isChunked
          ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n1e\r\n 1, \"launchLink\" : \"CANARY-4\"}\r\n0\r\n\r\n"
          : answer("{\"a\": 1, \"launchLink\" : \"CANARY-4\"}")),
    ])
    defer { upstream.stop() }
    let caller = try rig.caller()
    let body =
      #"{"tags":[{"id":"CANARY-1","x":"é\u2028"},{"id":{"y":"CANARY-2"}}],"pass\u0077ord":"CANARY-3"}"#
    if isChunked {
      let half = body.utf8.count / 2
      let bytes = Array(body.utf8)
      try caller.send(
        Wire.request("PUT", "/api/v2/courses/c/tags", ["Transfer-Encoding: chunked"]))
      try caller.send("\(String(half, radix: 16))\r\n")
      try caller.send(Array(bytes[..<half]) + Array("\r\n".utf8))
      try caller.send("\(String(bytes.count - half, radix: 16))\r\n")
      try caller.send(Array(bytes[half...]) + Array("\r\n0\r\n\r\n".utf8))
      #expect(try caller.answer().status == 200)
    } else {
      #expect(try caller.call("PUT", "/api/v2/courses/c/tags", body: body).status == 200)
    }
    let line = try #require(try rig.lines().first)
    #expect(
      bodies(line) == [
        CaptureTests.request:
          #"{"tags":[{"id":"***","x":"é\u2028"},{"id":"***"}],"pass\u0077ord":"***"}"#,
        CaptureTests.response: #"{"a":1,"launchLink":"***"}"#,
      ])
    #expect(line.string("termination") == "completed")
    for text in [rig.log, rig.told.all.joined()] { #expect(!text.contains("CANARY")) }
    // The upstream received what the caller sent.
    #expect(upstream.connections.contains { $0.text.contains("CANARY-2") })
  }

  @Test("other operations' bodies are nowhere, nor are those of refused calls")
  func others() throws {
    let (rig, upstream) = try rig([
      .request, .send(answer("{\"a\":\"CANARY-1\"}")), .request, .send(answer("{\"a\":1}")),
    ])
    defer { upstream.stop() }
    let caller = try rig.caller()
    _ = try caller.call("PUT", "/api/v2/courses/c/title", body: "{\"title\":\"CANARY-2\"}")
    #expect(try caller.call("PUT", "/api/v2/courses/c/tags", body: "{\"a\":2}").status == 200)
    _ = try rig.call("PUT", "/api/v2/nonsense", body: "{\"title\":\"CANARY-3\"}")
    let lines = try rig.lines()
    #expect(lines.count == 3)
    for line in lines where line.string("operation") != "PutCourseTags" {
      #expect(bodies(line).isEmpty)
    }
    #expect(lines.contains { bodies($0).count == 2 })
    #expect(!rig.log.contains("CANARY"))
  }

  @Test(
    "a body that cannot be shown leaves its reason",
    arguments: [
      ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nCANARY", "not-json"),
      (
        "HTTP/1.1 200 OK\r\nContent-Length: 8\r\ncontent-encoding: gzip\r\n\r\n[\"CANARY", "encoded"
      ),
      (
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Encoding: identity\r\n\r\n[\"CANARY\"]",
        ""
      ),
      ("HTTP/1.1 206 Partial Content\r\nContent-Length: 10\r\n\r\n[\"CANARY\"]", "incomplete"),
      ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", ""),
      ("HTTP/1.1 204 No Content\r\n\r\n", nil),
      ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", nil),
    ] as [(String, String?)])
  func reasons(answer: String, reason: String?) throws {
    let (rig, upstream) = try rig([.request, .send(answer), .untilEnd])
    defer { upstream.stop() }
    _ = try rig.call("GET", "/api/v2/courses/c")
    let line = try #require(try rig.lines().first)
    #expect(line.string("operation") == "GetCourse")
    #expect(line.int("http.response.status_code") > 0)
    switch reason {
    case nil: #expect(bodies(line).isEmpty)
    case "": #expect(bodies(line).keys.elementsEqual([CaptureTests.response]))
    case let reason?:
      #expect(bodies(line) == ["http.response.body.omitted": reason])
      #expect(!rig.log.contains("CANARY"))
    }
  }

  @Test(
    "a body up to maxBytes is shown, one that is longer is not, in one piece or in many",
    arguments: [100, 101, 5_000, 200_000])
  func caps(size: Int) throws {
    let body = "[\"" + String(repeating: "C", count: size - 4) + "\"]"
    let (rig, upstream) = try rig([.request, .send(answer(body))])
    defer { upstream.stop() }
    #expect(try rig.call("GET", "/api/v2/courses/c").body.count == size)
    let line = try #require(try rig.lines().first)
    #expect(
      bodies(line)
        == (size <= 100
          ? [CaptureTests.response: body] : ["http.response.body.omitted": "too-long"]))
    #expect(size <= 100 || !rig.log.contains("CCCC"))
  }

  @Test("a body that did not come to its end is not shown, in neither direction")
  func incomplete() throws {
    let (rig, upstream) = try rig([
      .request, .send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n[\"CANARY-1\"]"), .endSending,
    ])
    defer { upstream.stop() }
    let first = try rig.caller()
    try first.send(Wire.request("GET", "/api/v2/courses/c"))
    _ = first.takeAll()
    let second = try rig.caller()
    try second.send(
      Wire.request(
        "PUT", "/api/v2/courses/c/tags", ["Content-Length: 50", "Expect: 100-continue"]))
    // From then on the body is being read.
    #expect(try second.answer(interim: true).status == 100)
    try second.send("[\"CANARY-2\"]")
    second.close()
    #expect(eventually { rig.log.contains("caller/request-body") })
    let lines = try rig.lines()
    #expect(
      lines.map(bodies) == [
        ["http.response.body.omitted": "incomplete"], ["http.request.body.omitted": "incomplete"],
      ])
    #expect(!rig.log.contains("CANARY"))
  }

  @Test("a call that is sent once more has its body once, and the refusal's answer is not recorded")
  func repeated() throws {
    let upstream = try HostileUpstream(
      [.request, .send(answer("[\"CANARY-1\"]", status: "401 Unauthorized"))],
      [.request, .send(answer("{\"b\":2}"))])
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port, yaml: CaptureTests.yaml)
    #expect(try rig.call("PUT", "/api/v2/courses/c/tags", body: "{\"a\":1}").status == 200)
    let line = try #require(try rig.lines().first)
    #expect(line.attempts.map { $0.int("status") } == [401, 200])
    #expect(
      bodies(line) == [CaptureTests.request: "{\"a\":1}", CaptureTests.response: "{\"b\":2}"])
    #expect(!rig.log.contains("CANARY"))
  }

  @Test("a body that is passed on while it arrives is shown as well", arguments: [false, true])
  func longBody(isChunked: Bool) throws {
    let (rig, upstream) = try rig([.request, .send(answer("{}"))])
    defer { upstream.stop() }
    let rows = (0..<1500).map { "{\"email\":\"CANARY\",\"n\":\($0)}" }
    let body = "[" + rows.joined(separator: ",") + "]"
    #expect(body.utf8.count > 40_000)
    let caller = try rig.caller()
    let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(body.utf8.count)"
    try caller.send(Wire.request("PUT", "/api/v2/courses/c/tags", [framing]))
    var rest = Array(body.utf8)[...]
    while !rest.isEmpty {
      let piece = rest.prefix(7_001)
      rest = rest.dropFirst(piece.count)
      if isChunked { try caller.send(String(piece.count, radix: 16) + "\r\n") }
      try caller.send(Array(piece))
      if isChunked { try caller.send("\r\n") }
    }
    if isChunked { try caller.send("0\r\n\r\n") }
    #expect(try caller.answer().status == 200)
    let shown = (0..<1500).map { "{\"email\":\"***\",\"n\":\($0)}" }
    let line = try #require(try rig.lines().first)
    #expect(bodies(line)[CaptureTests.request] == "[" + shown.joined(separator: ",") + "]")
    #expect(!rig.log.contains("CANARY"))
  }

  @Test(
    "bodies of all exchanges share their memory: one that finds none left is left out, and says so")
  func room() throws {
    let room = CaptureRoom(limit: 100_000)
    let rule = BodyCaptures.Rule(maxBytes: 64 << 10, redaction: BodyRedaction(paths: []))
    func capture() -> BodyCapture {
      BodyCapture(rule, room: room, request: FieldList(capacity: 1), in: RawSpan())
    }
    func line(_ capture: BodyCapture) -> String {
      var line = ByteBuffer()
      line.put("{\"a\":1}\n")
      capture.put(requestIsComplete: true, responseIsComplete: true, into: &line)
      return line.bytes.text
    }
    let body = Array(("[\"" + String(repeating: "C", count: 59_996) + "\"]").utf8)
    var first: BodyCapture? = capture()
    first?.takeRequest(body.span.bytesOfElements)
    #expect(room.takenBytes == 60_000)
    let second = capture()
    // In pieces: what it held when memory ran out is released at once.
    for start in stride(from: 0, to: body.count, by: 10_000) {
      second.takeRequest(body[start..<start + 10_000].span.bytesOfElements)
    }
    #expect(room.takenBytes == 60_000 && room.refusals == 1)
    #expect(line(second) == "{\"a\":1,\"http.request.body.omitted\":\"no-room\"}\n")
    #expect(try line(#require(first)).contains("CCCC"))
    first = nil
    #expect(room.takenBytes == 0)
    let third = capture()
    third.takeRequest(body.span.bytesOfElements)
    #expect(line(third).contains("CCCC") && room.refusals == 1)
  }

  @Test("what bodies take is given back when their exchange ends, however it ends")
  func givenBack() throws {
    let gate = Gate()
    let (rig, upstream) = try rig([
      .request, .send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n[\"half"), .wait(gate),
      .endSending,
    ])
    defer { upstream.stop() }
    let caller = try rig.caller()
    try caller.send(
      Wire.request("PUT", "/api/v2/courses/c/tags", ["Content-Length: 7"]) + "{\"a\":1}")
    // The smallest buffer has 64 bytes, and there are two.
    #expect(eventually { (try? rig.metric("scorm_gateway_capture_bytes")) == 128 })
    gate.open()
    _ = caller.takeAll()
    #expect(eventually { (try? rig.metric("scorm_gateway_capture_bytes")) == 0 })
    #expect(try rig.metric("scorm_gateway_capture_no_room_total") == 0)
  }

  @Test("a line with bodies is in the journal as it is, and comes back from it")
  func journal() throws {
    let path = NSTemporaryDirectory() + "capture-\(UUID().uuidString).sqlite"
    defer {
      for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
    }
    let body = "[\"" + String(repeating: "C", count: 65_000) + "\"]"
    let upstream = try HostileUpstream([.request, .send(answer(body))])
    defer { upstream.stop() }
    let rig = try GatewayRig(
      upstream: upstream.port, yaml: CaptureTests.yaml, ["traffic.journal.path": path])
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    #expect(eventually { rig.gateway.journalStatistics?.written ?? 0 >= 1 })
    let port = try #require(rig.gateway.adminAddress?.port)
    let page = try Wire(port: port).call("GET", "/api/traffic?limit=10")
    #expect(page.status == 200)
    #expect(String(decoding: page.body, as: UTF8.self).contains("CCCCCCCC"))
    #expect(bodies(try #require(try rig.lines().first)) == [CaptureTests.response: body])
  }

  @Test("secret-bearing operations cannot be named, and would not be recorded if they were")
  func secretBearing() throws {
    for name in ["GetAppToken", "CreateRegistration", "GetReportageLink", "CreateCredential"] {
      let yaml = CaptureTests.yaml.replacing("PutCourseTags", with: name)
      #expect(throws: ConfigurationError.self) { try GatewayRig(yaml: yaml) }
    }
    let rule = BodyCaptures.Rule(maxBytes: 1 << 20, redaction: BodyRedaction(paths: []))
    let captures = BodyCaptures(OperationTable.all.map { ($0.index, rule) })
    for operation in OperationTable.all {
      let isSecret = operation.isSensitive || operation.isSecretBearing
      #expect((captures.rule(of: operation.index) == nil) == isSecret)
      #expect(captures.rule(of: operation.index)?.maxBytes ?? 65_536 == 65_536)
      #expect(BodyCaptures().rule(of: operation.index) == nil)
    }
  }
}
